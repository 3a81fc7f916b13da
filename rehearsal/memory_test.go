package rehearsal

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestResidentMemory_ThisProcess(t *testing.T) {
	assert.Greater(t, residentMemory(os.Getpid()), int64(1<<20))
}

func TestResidentMemory_Children(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		assert.Zero(t, residentMemory(os.Getpid()))
		return
	}
	alone := residentMemory(os.Getpid())
	require.Positive(t, alone)
	ready := filepath.Join(t.TempDir(), "ready")
	// The shell holds 32 MiB in a variable.
	child := exec.Command("/bin/sh", "-c", "x=$(head -c 33554432 /dev/zero | tr '\\0' x); echo ok > "+ready+"; sleep 60")
	require.NoError(t, child.Start())
	defer func() { _ = child.Process.Kill(); _ = child.Wait() }()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	peak := WatchMemory(ctx)
	require.Eventually(t, func() bool { _, err := os.Stat(ready); return err == nil }, 10*time.Second, 10*time.Millisecond)
	assert.Eventually(t, func() bool { return peak.Load() > alone+32<<20 }, 5*time.Second, 10*time.Millisecond)
	assert.GreaterOrEqual(t, peak.Load(), alone)
}
