package realserver

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/growbin/cluster/internal/testing/process"
)

// Command is a program to run.
type Command struct {
	Path string
	Args []string
	// Env is the whole environment; only PATH is inherited.
	Env []string
	// Dir is the working directory.
	Dir string
	// User, if non-nil, is the account to run as; the default is the test's own.
	User *User
	// System, if not empty, is the directory of another Debian system, in which Path is; it shares Dir with this one.
	System string
	// Cgroup, if non-nil, limits the memory of a command in another system.
	Cgroup *Cgroup
}

// Process is a running server.
type Process struct{ *process.Process }

// Start starts a server and ends it with the test, at the latest.
func Start(t testing.TB, command Command) *Process {
	t.Helper()
	p, err := process.Start(command.supervised(), filepath.Join(t.TempDir(), filepath.Base(command.Path)+".log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return &Process{p}
}

// WaitFor calls check until it returns nil, and fails the test if the process ends or the time is over before. State
// describes the awaited state in errors, e.g. "accepting connections".
func (p *Process) WaitFor(t testing.TB, state string, limit time.Duration, check func() error) {
	t.Helper()
	if err := p.WaitReady(t.Context(), limit, func(context.Context) error { return check() }); err != nil {
		t.Fatalf("not %s: %v", state, err)
	}
}

// Run runs a program to its end, for at most five minutes, and returns its output.
func Run(t testing.TB, command Command) (output string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := command.supervised().Exec(ctx)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	// A helper process that keeps the pipe open must not block the test.
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %s: %w: %s", filepath.Base(command.Path), strings.Join(command.Args, " "), err, strings.TrimSpace(out.String()))
	}
	return out.String(), nil
}

// MustRun is Run for a program that must succeed.
func MustRun(t testing.TB, command Command) string {
	t.Helper()
	out, err := Run(t, command)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (c Command) supervised() process.Command {
	if c.System != "" {
		c = c.entered()
	}
	out := process.Command{Path: c.Path, Args: c.Args, Env: append([]string{"PATH=" + os.Getenv("PATH")}, c.Env...), Dir: c.Dir}
	if c.User != nil {
		out.Credential = &syscall.Credential{Uid: uint32(c.User.UID), Gid: uint32(c.User.GID)}
	}
	return out
}
