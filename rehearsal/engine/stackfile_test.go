package engine

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

func TestCopyProject_NoSecrets(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(from, name), []byte(text), 0o600))
	}
	write("Pulumi.yaml", "name: p\nruntime: go\nmain: infra\n")
	write("Pulumi.dev.yaml", `encryptionsalt: v1:salt
config:
  p:plain: [a, b]
  p:key:
    secure: v1:sealed
`)
	require.NoError(t, copyProject(from, to, "dev", nil))
	text, err := os.ReadFile(filepath.Join(to, "Pulumi.dev.yaml"))
	require.NoError(t, err)
	var copied map[string]any
	require.NoError(t, yaml.Unmarshal(text, &copied))
	require.Equal(t, map[string]any{"config": map[string]any{"p:plain": []any{"a", "b"}}}, copied)

	err = copyProject(from, to, "staging", nil)
	require.ErrorContains(t, err, `there is no stack "staging"`)
}
