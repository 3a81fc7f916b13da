package realserver

import (
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

func (r *recorded) Fatalf(format string, args ...any) { r.failed = format; panic(r) }

func (r *recorded) Skipf(format string, args ...any) { r.skipped = format; panic(r) }

func TestBinaryThatIsNotThere(t *testing.T) {
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
	assert.Equal(t, "not run: %v", try().skipped)
	t.Setenv("CI", "true")
	assert.NotEmpty(t, try().failed)
	assert.Empty(t, try().skipped)
}

func TestStopEndsWhatWasStarted(t *testing.T) {
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

// alive tells a running process from one that ended, also where nobody collects it.
func alive(pid string) bool {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func TestWaitForReportsAnEarlyEnd(t *testing.T) {
	shell, err := exec.LookPath("sh")
	require.NoError(t, err)
	p := Start(t, Command{Path: shell, Args: []string{"-c", "echo bad configuration >&2; exit 3"}})
	<-p.done
	assert.Contains(t, p.Log(), "bad configuration")
	r := &recorded{TB: t}
	func() {
		defer func() { _ = recover() }()
		p.WaitFor(r, "ready", time.Second, func() error { return os.ErrNotExist })
	}()
	assert.Contains(t, r.failed, "its log")
}

func TestFreePort(t *testing.T) {
	assert.Error(t, Listening(FreePort(t)))
}
