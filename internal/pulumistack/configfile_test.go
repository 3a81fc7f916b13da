package pulumistack

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/growbin/cluster/internal/roll"
)

var keys = Settings{Roll: "app:rollNodes", Surge: "app:surgeNodes", Unprotected: "app:unprotectedNodes", Locks: "app:rollLocks", Image: "app:rollImage", Types: "app:types"}

const stackFile = `encryptionsalt: v1:salt
config:
  app:region: ap-northeast-2
  app:key: {secure: v1:ciphertext}
  app:rollNodes: [left-by-hand]
`

func TestConfigFile_OverridesAreInTheCopyOnly(t *testing.T) {
	dir := t.TempDir()
	own := filepath.Join(dir, "Pulumi.dev.yaml")
	require.NoError(t, os.WriteFile(own, []byte(stackFile), 0o600))
	path, remove, err := ConfigFile(dir, "dev", keys, roll.Overrides{Surge: []string{"a", "b"}, Locks: []string{"one"}, Image: "ami-1"})
	require.NoError(t, err)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var copied map[string]any
	require.NoError(t, yaml.Unmarshal(text, &copied))
	assert.Equal(t, map[string]any{
		"encryptionsalt": "v1:salt",
		"config": map[string]any{
			"app:region": "ap-northeast-2", "app:key": map[string]any{"secure": "v1:ciphertext"}, "app:surgeNodes": []any{"a", "b"}, "app:rollLocks": []any{"one"},
			"app:rollImage": "ami-1",
		},
	}, copied, "encrypted settings are kept, and the file's own list of nodes is not")
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.EqualValues(t, 0o600, info.Mode().Perm())
	text, err = os.ReadFile(own)
	require.NoError(t, err)
	assert.Equal(t, stackFile, string(text), "the stack file is unchanged")
	remove()
	assert.NoFileExists(t, path)
}

func TestConfigFile_UnknownStack(t *testing.T) {
	_, _, err := ConfigFile(t.TempDir(), "dve", keys, roll.Overrides{})
	assert.ErrorContains(t, err, `there is no stack "dve"`)
}

func TestConfigFile_TypesReplaceThoseOfTheirNodes(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.dev.yaml"), []byte("config: {app:types: [a=large, b=small]}\n"), 0o600))
	path, remove, err := ConfigFile(dir, "dev", keys, roll.Overrides{Types: map[string]string{"b": "huge", "c": "tiny"}})
	require.NoError(t, err)
	defer remove()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var copied map[string]any
	require.NoError(t, yaml.Unmarshal(text, &copied))
	assert.Equal(t, map[string]any{"app:types": []any{"a=large", "b=huge", "c=tiny"}}, copied["config"])
}
