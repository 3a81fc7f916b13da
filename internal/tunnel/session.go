package tunnel

import (
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/growbin/cluster/internal/awscli"
)

const (
	// stopGrace is the time between SIGTERM and SIGKILL.
	stopGrace = 2 * time.Second
	// reapTimeout limits the wait for the end of killed processes.
	reapTimeout = 2 * time.Second
	// maxOutput is the number of bytes of a session's output that are kept for its error.
	maxOutput = 4 << 10
)

// session is a running `aws ssm start-session` and the plugin that it started, in a process group of their own.
type session struct {
	command *exec.Cmd
	output  tail
	// done is closed when the AWS CLI has ended.
	done chan struct{}
}

func (o Options) startSession(instance string) (*session, error) {
	s := &session{done: make(chan struct{})}
	s.command = exec.Command(awscli.Program, "ssm", "start-session", "--region", o.Region, "--target", instance,
		"--document-name", o.Document, "--parameters", fmt.Sprintf("localPortNumber=%d", o.Port))
	s.command.Stdout, s.command.Stderr, s.command.WaitDelay = &s.output, &s.output, time.Second
	// A group of its own: the plugin survives the CLI, and Ctrl-C of the terminal must not reach it first.
	s.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.command.Start(); err != nil {
		return nil, fmt.Errorf("start the session: %w", err)
	}
	go func() {
		_ = s.command.Wait() // the output has the reason
		close(s.done)
	}()
	return s, nil
}

// stop ends the whole process group: SIGTERM, then SIGKILL.
func (s *session) stop() {
	_ = s.signal(syscall.SIGTERM)
	s.waitGone(stopGrace)
	_ = s.signal(syscall.SIGKILL)
	s.waitGone(reapTimeout)
	<-s.done
}

// waitGone waits until no process of the group is left. Where nothing reaps orphans a zombie stays, so the wait is limited.
func (s *session) waitGone(limit time.Duration) {
	for deadline := time.Now().Add(limit); s.signal(0) == nil && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
}

// signal sends a signal to the group; the error reports that no process is left.
func (s *session) signal(number syscall.Signal) error {
	return syscall.Kill(-s.command.Process.Pid, number)
}

// tail keeps the end of an output. It is safe for concurrent use.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-maxOutput):]
	return len(p), nil
}

// lastLine returns the last line that is not empty.
func (t *tail) lastLine() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return lastLine(t.text)
}

// lastLine returns the last line of a text that is not empty.
func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
