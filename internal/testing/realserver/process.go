package realserver

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stopGrace is how long a server may take to end after SIGTERM before it is killed.
const stopGrace = 10 * time.Second

// Command is a program to run.
type Command struct {
	Path string
	Args []string
	// Env is the whole environment; nothing is inherited but PATH.
	Env []string
	// Dir is the working folder.
	Dir string
	// User runs it as another user; nil keeps the test's own.
	User *User
}

// Process is a running server.
type Process struct {
	name string
	cmd  *exec.Cmd
	log  string
	done chan struct{}
	err  error
}

// Start starts a server and ends it with the test, at the latest.
func Start(t testing.TB, command Command) *Process {
	t.Helper()
	name := filepath.Base(command.Path)
	log, err := os.Create(filepath.Join(t.TempDir(), name+".log"))
	if err != nil {
		t.Fatalf("create the log of %s: %v", name, err)
	}
	cmd := command.exec(context.Background())
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	p := &Process{name: name, cmd: cmd, log: log.Name(), done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		log.Close()
		close(p.done)
	}()
	t.Cleanup(p.Stop)
	return p
}

// WaitFor calls check until it returns nil, the process ends, or the time is over.
func (p *Process) WaitFor(t testing.TB, what string, limit time.Duration, check func() error) {
	t.Helper()
	deadline := time.After(limit)
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-p.done:
			t.Fatalf("%s ended (%v) before it was %s; its log:\n%s", p.name, p.err, what, p.tail())
		case <-deadline:
			t.Fatalf("%s was not %s within %s: %v; its log:\n%s", p.name, what, limit, err, p.tail())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Stop ends the process and all it started: politely, then not.
func (p *Process) Stop() {
	_ = p.signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(stopGrace):
	}
	p.Kill()
}

// Kill ends the process at once, as a crash would, with all it started.
func (p *Process) Kill() {
	_ = p.signal(syscall.SIGKILL)
	<-p.done
	// What it started takes a moment longer. Not forever: where nothing collects orphans they stay, dead.
	for deadline := time.Now().Add(2 * time.Second); p.signal(0) == nil && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
}

// signal reaches the process and all it started; the error says that nothing is left.
func (p *Process) signal(s syscall.Signal) error { return syscall.Kill(-p.cmd.Process.Pid, s) }

// Log returns what the process has written so far.
func (p *Process) Log() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return fmt.Sprintf("(no log: %v)", err)
	}
	return string(text)
}

// tail is the end of the log, for messages.
func (p *Process) tail() string {
	const most = 8 << 10
	text := p.Log()
	return text[max(0, len(text)-most):]
}

// Run runs a program to its end, for at most a minute, and returns what it wrote.
func Run(t testing.TB, command Command) (output string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := command.exec(ctx)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	// A helper that keeps the pipe open must not keep the test waiting.
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

func (c Command) exec(ctx context.Context) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.Path, c.Args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, c.Env...)
	cmd.Dir = c.Dir
	cmd.SysProcAttr = attributes(c.User)
	return cmd
}
