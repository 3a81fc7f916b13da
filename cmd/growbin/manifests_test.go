package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/stacks"
)

func TestManifests_KeepsFilesThatExist(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "clusters", "dev")
	out, err := execute(t, "manifests", folder, "-s", "dev", "-C", "../..")
	require.NoError(t, err)
	assert.Contains(t, out, "wrote "+filepath.Join(folder, "waste-api.yaml"))
	written, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Len(t, written, len(stacks.Applications()))

	edited := filepath.Join(folder, "waste-api.yaml")
	require.NoError(t, os.WriteFile(edited, []byte("# edited"), 0o600))
	out, err = execute(t, "manifests", folder, "-s", "dev", "-C", "../..")
	require.NoError(t, err)
	assert.Contains(t, out, edited+" exists, left as it is")
	text, err := os.ReadFile(edited)
	require.NoError(t, err)
	assert.Equal(t, "# edited", string(text))

	_, err = execute(t, "manifests", folder, "-C", "../..")
	assert.ErrorContains(t, err, "--stack: not set")
}
