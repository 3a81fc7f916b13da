package stackfile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
}

func TestSettingsAreDefaultsThenTheStacks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "Pulumi.yaml", "config:\n  a:one: {default: 1}\n  a:list: {default: [v, w]}\n  a:none: {type: string}\n  a:flag: {default: false}\n")
	write(t, dir, "Pulumi.dev.yaml", "config:\n  a:one: 2\n  a:key: {secure: AAABA}\n")
	config, secrets, err := Settings(dir, "dev")
	require.NoError(t, err)
	require.Equal(t, "2", config["a:one"])
	require.Equal(t, `["v","w"]`, config["a:list"])
	require.Equal(t, "false", config["a:flag"])
	require.NotContains(t, config, "a:none")
	require.NotContains(t, config["a:key"], "AAABA", "an encrypted value is no value")
	require.Contains(t, secrets, "a:key")
}

func TestMissingAndBrokenFilesAreNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, _, err := Settings(dir, "dev")
	require.ErrorContains(t, err, "Pulumi.yaml")
	write(t, dir, "Pulumi.yaml", "config: {}\n")
	_, _, err = Settings(dir, "dev")
	require.ErrorContains(t, err, "Pulumi.dev.yaml")
	write(t, dir, "Pulumi.dev.yaml", "config: [")
	_, _, err = Settings(dir, "dev")
	require.ErrorContains(t, err, "read "+filepath.Join(dir, "Pulumi.dev.yaml"))
}
