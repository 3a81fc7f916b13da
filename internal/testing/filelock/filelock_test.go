package filelock

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTry_HeldLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	release, err := Try(path)
	require.NoError(t, err)
	_, err = Try(path)
	var held *HeldError
	require.ErrorAs(t, err, &held)
	assert.Equal(t, &HeldError{Path: path, Owner: strconv.Itoa(os.Getpid())}, held)
	release()
	release, err = Try(path)
	require.NoError(t, err)
	release()
}

func TestWait_ReleasedLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := Try(path)
	require.NoError(t, err)
	waits := 0
	second, err := Wait(t.Context(), path, func() { waits++; first() })
	require.NoError(t, err)
	defer second()
	assert.Equal(t, 1, waits)
}

func TestWait_Canceled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	release, err := Try(path)
	require.NoError(t, err)
	defer release()
	ctx, cancel := context.WithCancel(t.Context())
	_, err = Wait(ctx, path, cancel)
	assert.ErrorIs(t, err, context.Canceled)
	_, err = Wait(t.Context(), filepath.Join(path, "nothing"), func() {})
	assert.ErrorContains(t, err, "open the lock file")
}
