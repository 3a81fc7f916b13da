package realserver

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recorded is a testing.TB that a failing helper can be tried with.
type recorded struct {
	testing.TB
	failed, skipped string
}

func (r *recorded) Helper() {}

func (r *recorded) Fatalf(format string, args ...any) {
	r.failed = fmt.Sprintf(format, args...)
	panic(r)
}

func (r *recorded) Skipf(format string, args ...any) {
	r.skipped = fmt.Sprintf(format, args...)
	panic(r)
}

func TestBinary_NotInstalled(t *testing.T) {
	if testing.Short() {
		t.Skip("not run: -short leaves out real servers")
	}
	try := func() (r *recorded) {
		r = &recorded{TB: t}
		defer func() { _ = recover() }()
		Binary(r, "no-such-server")
		return r
	}
	t.Setenv("CI", "")
	assert.Contains(t, try().skipped, "no-such-server")
	t.Setenv("CI", "true")
	assert.Contains(t, try().failed, "no-such-server")
	assert.Empty(t, try().skipped)
}

func TestStart_StopReachesChildren(t *testing.T) {
	shell, err := exec.LookPath("sh")
	require.NoError(t, err)
	pidFile := filepath.Join(t.TempDir(), "pid")
	p := Start(t, Command{Path: shell, Args: []string{"-c", "sleep 600 & echo $! >" + pidFile + "; wait"}})
	var pid string
	p.WaitFor(t, "started", 5*time.Second, func() error {
		text, err := os.ReadFile(pidFile)
		if err == nil && !strings.HasSuffix(string(text), "\n") {
			err = os.ErrNotExist
		}
		pid = strings.TrimSpace(string(text))
		return err
	})
	p.Stop()
	assert.Eventually(t, func() bool { return !alive(pid) }, 5*time.Second, 10*time.Millisecond, "the child of the server")
}

// alive reports whether a process runs; a zombie does not.
func alive(pid string) bool {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func TestWaitFor_EarlyExit(t *testing.T) {
	shell, err := exec.LookPath("sh")
	require.NoError(t, err)
	p := Start(t, Command{Path: shell, Args: []string{"-c", "echo bad configuration >&2; exit 3"}})
	<-p.Exited()
	assert.Contains(t, p.Log(), "bad configuration")
	r := &recorded{TB: t}
	func() {
		defer func() { _ = recover() }()
		p.WaitFor(r, "ready", time.Second, func() error { return os.ErrNotExist })
	}()
	assert.Contains(t, r.failed, "not ready: sh ended by itself (exit status 3)")
	assert.Contains(t, r.failed, "bad configuration")
}

func TestFreePort(t *testing.T) {
	assert.Error(t, Listening(FreePort(t)))
}
