package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func start(t *testing.T, script string) *Process {
	t.Helper()
	p, err := Start(Command{Name: "shell", Path: "/bin/sh", Args: []string{"-c", script}, Env: []string{"PATH=" + os.Getenv("PATH")}}, filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	t.Cleanup(p.Kill)
	return p
}

func never(context.Context) error { return errors.New("not yet") }

// number waits until the file has a line and returns the number in it.
func number(t *testing.T, p *Process, path string) int {
	t.Helper()
	var text string
	require.NoError(t, p.WaitReady(t.Context(), 10*time.Second, func(context.Context) error {
		content, err := os.ReadFile(path)
		text = string(content)
		if err == nil && !strings.HasSuffix(text, "\n") {
			err = errors.New("not written")
		}
		return err
	}))
	n, err := strconv.Atoi(strings.TrimSpace(text))
	require.NoError(t, err)
	return n
}

func TestProcess_EarlyExitShowsEndOfLog(t *testing.T) {
	began := time.Now()
	p := start(t, "for i in $(seq 1 50); do echo line $i; done; echo bad flag >&2; exit 3")
	err := p.WaitReady(t.Context(), time.Minute, never)
	require.ErrorContains(t, err, "shell ended by itself (exit status 3)")
	assert.ErrorContains(t, err, "bad flag")
	assert.NotContains(t, err.Error(), "line 5\n", "only the end of the log belongs into an error")
	assert.Contains(t, p.Log(), "line 5\n")
	assert.Less(t, time.Since(began), 10*time.Second)
}

func TestProcess_MissingProgram(t *testing.T) {
	_, err := Start(Command{Path: "/does/not/exist"}, filepath.Join(t.TempDir(), "log"))
	assert.ErrorContains(t, err, "starting exist")
}

func TestProcess_NotReadyInTime(t *testing.T) {
	pidFile := filepath.Join(t.TempDir(), "pid")
	p := start(t, "echo $$ > "+pidFile+"; sleep 60")
	pid := number(t, p, pidFile)
	require.ErrorContains(t, p.WaitReady(t.Context(), 200*time.Millisecond, never), "not ready")
	p.Stop()
	assert.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH)
}

func TestProcess_StopReachesChildren(t *testing.T) {
	pidFile := filepath.Join(t.TempDir(), "pid")
	p := start(t, "sleep 60 & echo $! > "+pidFile+"; wait")
	child := number(t, p, pidFile)
	p.Stop()
	p.Stop() // a second time is harmless
	assert.Eventually(t, func() bool { return ended(child) }, 5*time.Second, 20*time.Millisecond)
}

// ended is true when the process is gone, or is a zombie that this container's init does not reap.
func ended(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	return err != nil || strings.Contains(string(status), "State:\tZ")
}

func TestFreePort(t *testing.T) {
	port, err := FreePort()
	require.NoError(t, err)
	_, err = net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
	assert.Error(t, err)
}

func TestFreePorts_AllDiffer(t *testing.T) {
	const n = 500 // of 10,000: without a check, one pair is equal in nearly every run
	free, err := FreePorts(n)
	require.NoError(t, err)
	slices.Sort(free)
	assert.Len(t, slices.Compact(free), n)
}

// Test processes of several packages run at the same time.
func TestFreePort_ReservedForThisProcess(t *testing.T) {
	port, err := FreePort()
	require.NoError(t, err)
	lock := filepath.Join(os.TempDir(), fmt.Sprintf("test-ports-%d", os.Getuid()), strconv.Itoa(port))
	err = exec.Command("flock", "--nonblock", lock, "true").Run()
	assert.ErrorContains(t, err, "exit status 1", "another process was given the port")
}
