package engine

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFindPlugin(t *testing.T) {
	home, other, path := t.TempDir(), t.TempDir(), t.TempDir()
	t.Setenv("PULUMI_HOME", home)
	t.Setenv("PATH", path)
	program := func(dir string) string {
		require.NoError(t, os.MkdirAll(dir, 0o755))
		file := filepath.Join(dir, "pulumi-resource-some")
		require.NoError(t, os.WriteFile(file, nil, 0o755))
		return file
	}
	assert.Empty(t, FindPlugin("some", "4", other))
	program(filepath.Join(other, "plugins", "resource-some-v5.0.0"))
	assert.Empty(t, FindPlugin("some", "4", other), "another major version")
	inOther := program(filepath.Join(other, "plugins", "resource-some-v4.31.0"))
	assert.Equal(t, inOther, FindPlugin("some", "4", other))
	program(filepath.Join(home, "plugins", "resource-some-v4.9.0"))
	newest := program(filepath.Join(home, "plugins", "resource-some-v4.30.0"))
	assert.Equal(t, newest, FindPlugin("some", "4", other), "Pulumi's own home first, the highest version by number")
	onPath := program(path)
	assert.Equal(t, onPath, FindPlugin("some", "4", other))
}
