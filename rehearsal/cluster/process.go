package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

const (
	// startTimeout bounds how long a program may take to become healthy; a loaded two-core machine needs some.
	startTimeout = 90 * time.Second
	// stopTimeout is how long a program may take to end by itself after SIGTERM.
	stopTimeout = 15 * time.Second
	// healthPoll is the pause between two looks at a starting program.
	healthPoll = 100 * time.Millisecond
	// errorTail is how many of its last log lines a failed program's error shows.
	errorTail = 12
)

// program is a command line with what it takes to supervise it.
type program struct {
	name, path string
	args, env  []string
	// healthy returns nil once the program serves.
	healthy func(ctx context.Context) error
}

// process is a running program.
type process struct {
	name, log string
	command   *exec.Cmd
	exited    chan struct{} // closed once the program has ended; only then may exitError be read
	exitError error
}

// startProcess starts a program and waits until it is healthy. A program that does not become so is ended.
func startProcess(ctx context.Context, p program, logs string) (*process, error) {
	running, err := launch(p, filepath.Join(logs, p.name+".log"))
	if err != nil {
		return nil, err
	}
	if err := running.awaitHealth(ctx, p.healthy); err != nil {
		running.stop()
		return nil, err
	}
	return running, nil
}

func launch(p program, logPath string) (*process, error) {
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", p.name, err)
	}
	command := exec.Command(p.path, p.args...)
	command.Env, command.Stdout, command.Stderr = p.env, log, log
	command.SysProcAttr = childAttributes()
	running := &process{name: p.name, log: logPath, command: command, exited: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The kernel's parent-death signal is tied to the thread that forked: keep it as long as the child lives.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer log.Close()
		if err := command.Start(); err != nil {
			started <- err
			return
		}
		started <- nil
		running.exitError = command.Wait()
		close(running.exited)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", p.name, err)
	}
	return running, nil
}

func (p *process) awaitHealth(ctx context.Context, healthy func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := healthy(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.exited:
			return p.ended()
		case <-ctx.Done():
			return fmt.Errorf("%s is not healthy after %s: %w%s", p.name, startTimeout, err, p.tail())
		case <-time.After(healthPoll):
		}
	}
}

// ended says how the program ended, with the end of its log.
func (p *process) ended() error {
	reason := "exit status 0"
	if p.exitError != nil {
		reason = p.exitError.Error()
	}
	return fmt.Errorf("%s ended by itself (%s)%s", p.name, reason, p.tail())
}

func (p *process) tail() string {
	lines, err := lastLines(p.log, errorTail)
	if err != nil {
		return fmt.Sprintf("; its log %s cannot be read: %v", p.log, err)
	}
	return fmt.Sprintf("; the end of %s:\n%s", p.log, lines)
}

// stop asks the program and its children to end, and ends them when they do not.
func (p *process) stop() {
	p.signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(stopTimeout):
		p.signal(syscall.SIGKILL)
		<-p.exited
	}
}

// signal reaches the program's whole process group, which it leads.
func (p *process) signal(signal syscall.Signal) {
	select {
	case <-p.exited: // its number may belong to another process by now
	default:
		if err := syscall.Kill(-p.command.Process.Pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			_ = p.command.Process.Signal(signal)
		}
	}
}
