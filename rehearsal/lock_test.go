package rehearsal

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestClaim_OneRehearsalAtATime(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dev")
	release, err := claim(dir)
	require.NoError(t, err)
	_, err = claim(dir)
	assert.ErrorContains(t, err, "is being rehearsed by process")
	release()
	release, err = claim(dir)
	require.NoError(t, err)
	defer release()

	require.NoError(t, os.MkdirAll(filepath.Join(dir, "backend", "old"), 0o755))
	require.NoError(t, clearState(dir))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1, "only the lock stays")
	assert.Equal(t, "lock", left[0].Name())
}
