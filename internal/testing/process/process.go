// Package process supervises the programs of tests and rehearsals: each runs in a process group of its own, is polled
// until it is ready, is reported if it exits early, and ends with SIGTERM, then SIGKILL.
package process

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"
)

const (
	// stopTimeout is the time a program has to end after SIGTERM before it is killed.
	stopTimeout = 15 * time.Second
	// readyPoll is the interval between two checks of a starting program.
	readyPoll = 50 * time.Millisecond
	// childrenTimeout is the time that killed children have to disappear. Where no process reaps orphans they stay.
	childrenTimeout = 2 * time.Second
)

// Command is a program to run.
type Command struct {
	// Name is used in errors; it defaults to the base name of Path.
	Name string
	Path string
	Args []string
	// Env is the whole environment: nothing is inherited.
	Env []string
	// Dir is the working directory.
	Dir string
	// Credential, if non-nil, is the account that the program runs as.
	Credential *syscall.Credential
}

// Exec returns the command for os/exec, in a process group of its own.
func (c Command) Exec(ctx context.Context) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.Path, c.Args...)
	cmd.Env, cmd.Dir, cmd.SysProcAttr = c.Env, c.Dir, attributes(c.Credential)
	return cmd
}

// Process is a running program.
type Process struct {
	name, log string
	pid       int
	exited    chan struct{} // closed once the program has ended; only then may exitError be read
	exitError error

	mu   sync.Mutex
	gone bool // the whole process group has ended
}

// Start starts a program that appends its output to the file log.
func Start(c Command, log string) (*Process, error) {
	if c.Name == "" {
		c.Name = filepath.Base(c.Path)
	}
	file, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", c.Name, err)
	}
	cmd := c.Exec(context.Background())
	cmd.Stdout, cmd.Stderr = file, file
	p := &Process{name: c.Name, log: log, exited: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The kernel's parent-death signal is tied to the thread that forked: keep it as long as the child lives.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer file.Close()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		p.pid = cmd.Process.Pid
		started <- nil
		p.exitError = cmd.Wait()
		close(p.exited)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", c.Name, err)
	}
	return p, nil
}

// WaitReady polls check until it returns nil, the program exits, or the time is over. It does not stop the program.
func (p *Process) WaitReady(ctx context.Context, limit time.Duration, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.exited:
			return p.ExitError()
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready after %s: %w%s", p.name, limit, err, p.tail())
		case <-time.After(readyPoll):
		}
	}
}

// Exited is closed once the program has ended.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// ExitError returns how an exited program ended, with the end of its log.
func (p *Process) ExitError() error {
	<-p.exited
	reason := "exit status 0"
	if p.exitError != nil {
		reason = p.exitError.Error()
	}
	return fmt.Errorf("%s ended by itself (%s)%s", p.name, reason, p.tail())
}

// PID is the program's process ID.
func (p *Process) PID() int { return p.pid }

// Name is the program's name.
func (p *Process) Name() string { return p.name }

// Stop ends the program and its children: by SIGTERM, and by SIGKILL if it does not end in time. Stopping twice is a
// no-op.
func (p *Process) Stop() {
	_ = p.signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(stopTimeout):
	}
	p.Kill()
}

// Kill ends the program and its children at once, as a crash would.
func (p *Process) Kill() {
	_ = p.signal(syscall.SIGKILL)
	<-p.exited
	for deadline := time.Now().Add(childrenTimeout); p.signal(0) == nil && time.Now().Before(deadline); {
		time.Sleep(readyPoll / 5)
	}
	p.mu.Lock()
	p.gone = true // from now on the kernel may give its number to another process
	p.mu.Unlock()
}

// signal reaches the whole process group; the error reports that none of it is left.
func (p *Process) signal(s syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		return os.ErrProcessDone
	}
	return syscall.Kill(-p.pid, s)
}
