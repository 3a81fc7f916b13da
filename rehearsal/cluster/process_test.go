package cluster

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func shell(script string, healthy func(context.Context) error) program {
	return program{name: "shell", path: "/bin/sh", args: []string{"-c", script}, env: []string{"PATH=" + os.Getenv("PATH")}, healthy: healthy}
}

func never(context.Context) error  { return errors.New("not yet") }
func always(context.Context) error { return nil }

// fileHas is healthy once the file has content.
func fileHas(path string) func(context.Context) error {
	return func(context.Context) error {
		if content, err := os.ReadFile(path); err != nil || len(content) == 0 {
			return errors.New("not written")
		}
		return nil
	}
}

func TestEarlyExitShowsTheEndOfTheLog(t *testing.T) {
	began := time.Now()
	_, err := startProcess(t.Context(), shell("for i in $(seq 1 50); do echo line $i; done; echo bad flag >&2; exit 3", never), t.TempDir())
	require.ErrorContains(t, err, "shell ended by itself (exit status 3)")
	assert.ErrorContains(t, err, "bad flag")
	assert.NotContains(t, err.Error(), "line 5\n", "only the end of the log belongs into an error")
	assert.Less(t, time.Since(began), 10*time.Second)
}

func TestMissingProgram(t *testing.T) {
	p := shell("", always)
	p.path = "/does/not/exist"
	_, err := startProcess(t.Context(), p, t.TempDir())
	assert.ErrorContains(t, err, "starting shell")
}

func TestInterruptedStartLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	pidFile := filepath.Join(dir, "pid")
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	_, err := startProcess(ctx, shell("echo $$ > "+pidFile+"; sleep 60", never), dir)
	require.ErrorContains(t, err, "not healthy")
	content, err := os.ReadFile(pidFile)
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	require.NoError(t, err)
	assert.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH)
}

func TestStopReachesChildren(t *testing.T) {
	dir := t.TempDir()
	pidFile := filepath.Join(dir, "pid")
	running, err := startProcess(t.Context(), shell("sleep 60 & echo $! > "+pidFile+"; wait", fileHas(pidFile)), dir)
	require.NoError(t, err)
	running.stop()
	running.stop() // a second time is harmless
	content, err := os.ReadFile(pidFile)
	require.NoError(t, err)
	child, err := strconv.Atoi(strings.TrimSpace(string(content)))
	require.NoError(t, err)
	assert.Eventually(t, func() bool { return ended(child) }, 5*time.Second, 20*time.Millisecond)
}

// ended is true when the process is gone, or only waits for its parent (this container's init) to take note.
func ended(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	return err != nil || strings.Contains(string(status), "State:\tZ")
}
