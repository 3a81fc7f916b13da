// Package host boots Debian systems in containers that look like machines: systemd as their first process, a network and
// disks of their own.
package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/growbin/cluster/rehearsal/lab/network"
)

// Host is one machine. Its root directory is its root disk and outlives a power cut.
type Host struct {
	// Name is the container's; Root its root directory; Namespace that of its network.
	Name, Root, Namespace string
	// Devices are block devices that it sees under the same path.
	Devices []string
	// Console is the file that collects what appears on its console, over all boots.
	Console string

	process *exec.Cmd
	ended   chan struct{}
	leader  int
	groups  cgroups
}

// startTimeout is how long systemd-nspawn may take to start the first process.
const startTimeout = 20 * time.Second

// Start switches the host on and returns once its first process runs.
func (h *Host) Start(ctx context.Context) error {
	console, err := os.OpenFile(h.Console, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("%s: opening its console: %w", h.Name, err)
	}
	defer console.Close()
	if h.groups, err = makeCgroups(h.Name); err != nil {
		return fmt.Errorf("%s: %w", h.Name, err)
	}
	// The shell enters the control groups before nspawn makes their namespace.
	script := `for group in ` + strings.Join(h.groups, " ") + `; do echo $$ >"$group/cgroup.procs" || exit; done; exec systemd-nspawn "$@"`
	h.process = exec.Command("sh", append([]string{"-c", script, "sh"}, h.arguments()...)...)
	// Where /sys can be written to, systemd waits for device nodes that only udev would announce.
	// Without the filter of system calls that nspawn has for containers: a machine has none, and runc makes session keyrings.
	h.process.Env = append(os.Environ(), "SYSTEMD_NSPAWN_API_VFS_WRITABLE=network", "SYSTEMD_SECCOMP=0")
	h.process.Stdout, h.process.Stderr = console, console
	// A group of its own, so that Ctrl-C reaches this process first; and no host outlives it.
	h.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := h.process.Start(); err != nil {
		return fmt.Errorf("%s: starting systemd-nspawn: %w", h.Name, err)
	}
	h.ended = make(chan struct{})
	go func(process *exec.Cmd, ended chan struct{}) {
		_ = process.Wait() // how it ended is on the console
		close(ended)
	}(h.process, h.ended)
	return h.findLeader(ctx)
}

func (h *Host) arguments() []string {
	arguments := []string{
		"--quiet", "--boot", "--register=no", "--keep-unit", "--directory=" + h.Root, "--machine=" + h.Name,
		"--network-namespace-path=" + network.Path(h.Namespace), "--capability=all", "--console=read-only", "--resolv-conf=off", "--timezone=off",
		"--link-journal=no",
	}
	for _, device := range h.Devices {
		arguments = append(arguments, "--bind="+device)
	}
	// For systemd: the console is for what units say there, not for its own animation.
	return append(arguments, "--", "--show-status=no")
}

// findLeader waits for the host's first process, the only child of nspawn.
func (h *Host) findLeader(ctx context.Context) error {
	deadline := time.Now().Add(startTimeout)
	parent := strconv.Itoa(h.process.Process.Pid)
	for {
		text, err := os.ReadFile(filepath.Join("/proc", parent, "task", parent, "children"))
		if fields := strings.Fields(string(text)); err == nil && len(fields) > 0 {
			for _, field := range fields {
				if name, _ := os.ReadFile(filepath.Join("/proc", field, "comm")); strings.TrimSpace(string(name)) == "systemd" {
					h.leader, err = strconv.Atoi(field)
					return err
				}
			}
		}
		select {
		case <-h.ended:
			return fmt.Errorf("%s did not start: see %s", h.Name, h.Console)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s did not start within %s: see %s", h.Name, startTimeout, h.Console)
		}
	}
}

// Running says whether the host is switched on.
func (h *Host) Running() bool {
	if h.ended == nil {
		return false
	}
	select {
	case <-h.ended:
		return false
	default:
		return true
	}
}

// CutPower ends everything on the host at once. What it had written is kept by this machine's kernel: the loss of writes
// that had not reached the disk is not simulated.
func (h *Host) CutPower() error {
	if h.leader > 0 {
		// With its first process a PID namespace loses all others.
		if err := syscall.Kill(h.leader, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("%s: cutting its power: %w", h.Name, err)
		}
	}
	return h.gone()
}

// PowerOff shuts the host down in good order.
func (h *Host) PowerOff(ctx context.Context) error {
	const orderly = syscall.Signal(34 + 4) // SIGRTMIN+4: systemd powers off
	if !h.Running() {
		return nil
	}
	if err := syscall.Kill(h.leader, orderly); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("%s: powering off: %w", h.Name, err)
	}
	select {
	case <-h.ended:
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("%s did not power off: %w", h.Name, ctx.Err()), h.CutPower())
	}
	return h.gone()
}

func (h *Host) gone() error {
	if h.ended == nil {
		return nil
	}
	select {
	case <-h.ended:
	case <-time.After(startTimeout):
		return fmt.Errorf("%s: systemd-nspawn does not end", h.Name)
	}
	h.leader = 0
	return h.groups.remove()
}

// Run runs a command on the host and returns its output, both streams.
func (h *Host) Run(ctx context.Context, command ...string) (string, error) {
	if !h.Running() {
		return "", fmt.Errorf("%s is switched off", h.Name)
	}
	arguments := append([]string{"--target", strconv.Itoa(h.leader), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd=/", "--"}, command...)
	process := exec.CommandContext(ctx, "nsenter", arguments...)
	process.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"}
	output, err := process.CombinedOutput()
	if err != nil {
		return string(output), fmt.Errorf("%s: %s: %w: %s", h.Name, command[0], err, strings.TrimSpace(string(output)))
	}
	return string(output), nil
}

// File reads a file from the host's root disk, whether it runs or not. A path that its /run or /proc holds is not there.
func (h *Host) File(path string) (string, error) {
	text, err := os.ReadFile(filepath.Join(h.Root, path))
	return string(text), err
}
