// Package host boots Debian systems in systemd-nspawn containers, with systemd as their first process and their own network
// and disks.
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

// Host is a container with the life of a machine.
type Host struct {
	// Name is the container's name.
	Name string
	// Root is its root directory. It survives power cuts, like a disk.
	Root string
	// Namespace is the name of its network namespace.
	Namespace string
	// Devices are paths of block devices, which are the same inside.
	Devices []string
	// Console is the file to which the console's output of all boots is appended.
	Console string

	process *exec.Cmd
	ended   chan struct{}
	leader  int // process ID of its systemd
	cgroups cgroups
}

// startTimeout is how long systemd-nspawn may take to start the first process, or to end after it.
const startTimeout = 20 * time.Second

// Start boots the host and returns when its first process is running.
func (h *Host) Start(ctx context.Context) error {
	console, err := os.OpenFile(h.Console, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("%s: opening the console: %w", h.Name, err)
	}
	defer console.Close()
	if h.cgroups, err = makeCgroups(h.Name); err != nil {
		return fmt.Errorf("%s: %w", h.Name, err)
	}
	// The shell enters the cgroups before systemd-nspawn creates the cgroup namespace.
	script := `for group in ` + strings.Join(h.cgroups, " ") + `; do echo $$ >"$group/cgroup.procs" || exit; done; exec systemd-nspawn "$@"`
	h.process = exec.Command("sh", append([]string{"-c", script, "sh"}, h.arguments()...)...)
	// If /sys were writable, systemd would wait for devices that only udev announces. The system call filter for containers
	// would refuse the session keyrings of runc.
	h.process.Env = append(os.Environ(), "SYSTEMD_NSPAWN_API_VFS_WRITABLE=network", "SYSTEMD_SECCOMP=0")
	h.process.Stdout, h.process.Stderr = console, console
	// Its own process group, so that Ctrl-C reaches this process first. It dies with this process.
	h.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := h.process.Start(); err != nil {
		return fmt.Errorf("%s: starting systemd-nspawn: %w", h.Name, err)
	}
	h.ended = make(chan struct{})
	go func(process *exec.Cmd, ended chan struct{}) {
		_ = process.Wait() // the console has the reason
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
	// An option for systemd: without its progress messages on the console.
	return append(arguments, "--", "--show-status=no")
}

// findLeader waits for the first process, the only child of systemd-nspawn.
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

// Running reports whether the host is running.
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

// CutPower kills everything on the host at once. This machine's kernel keeps its writes: losing those that had not reached
// the disk is not simulated.
func (h *Host) CutPower() error {
	if h.leader > 0 {
		// The kernel kills all processes of a PID namespace together with the first one.
		if err := syscall.Kill(h.leader, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("%s: cutting the power: %w", h.Name, err)
		}
	}
	return h.awaitEnd()
}

// PowerOff shuts the host down.
func (h *Host) PowerOff(ctx context.Context) error {
	const poweroff = syscall.Signal(34 + 4) // SIGRTMIN+4, see systemd(1)
	if !h.Running() {
		return nil
	}
	if err := syscall.Kill(h.leader, poweroff); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("%s: powering off: %w", h.Name, err)
	}
	select {
	case <-h.ended:
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("%s did not power off: %w", h.Name, ctx.Err()), h.CutPower())
	}
	return h.awaitEnd()
}

func (h *Host) awaitEnd() error {
	if h.ended == nil {
		return nil
	}
	select {
	case <-h.ended:
	case <-time.After(startTimeout):
		return fmt.Errorf("%s: systemd-nspawn is still running", h.Name)
	}
	h.leader = 0
	return h.cgroups.remove()
}

// Run runs a command on the host and returns its combined output.
func (h *Host) Run(ctx context.Context, command ...string) (string, error) {
	if !h.Running() {
		return "", fmt.Errorf("%s is not running", h.Name)
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
