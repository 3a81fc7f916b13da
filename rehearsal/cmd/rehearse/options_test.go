package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "Pulumi.yaml"), nil, 0o600))
	for name, test := range map[string]struct {
		args []string
		env  map[string]string
		want options
		err  string
	}{
		"nothing":             {nil, nil, options{root, "dev", false, ""}, ""},
		"environment":         {nil, map[string]string{"STACK": "prod", "KEEP": "1"}, options{root, "prod", true, ""}, ""},
		"flags come first":    {[]string{"-stack", "dev", "-keep=false"}, map[string]string{"STACK": "prod", "KEEP": "1"}, options{root, "dev", false, ""}, ""},
		"KEEP is no switch":   {nil, map[string]string{"KEEP": "yes please"}, options{}, `KEEP is "yes please": it must be 1 or 0`},
		"an unknown drill":    {nil, map[string]string{"DRILL": "flood"}, options{}, `DRILL is "flood": it must be one of `},
		"an unknown argument": {[]string{"prod"}, nil, options{}, `unknown argument "prod"`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parse(append([]string{"-C", root}, test.args...), func(key string) string { return test.env[key] })
			if test.err != "" {
				assert.ErrorContains(t, err, test.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
	_, err := parse([]string{"-C", t.TempDir()}, func(string) string { return "" })
	assert.ErrorContains(t, err, "no Pulumi.yaml at or above")
}

func TestRepositoryIsFoundUpwards(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	deep := filepath.Join(root, "rehearsal", "cmd")
	require.NoError(t, os.MkdirAll(deep, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(root, "Pulumi.yaml"), nil, 0o600))
	t.Chdir(deep)
	found, err := findRoot("")
	require.NoError(t, err)
	assert.Equal(t, root, found)
}

func TestOneRehearsalAtATime(t *testing.T) {
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
	require.NoError(t, clear(dir))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1, "only the lock stays")
	assert.Equal(t, "lock", left[0].Name())
}

func TestMemoryCountsThisProcess(t *testing.T) {
	assert.Greater(t, residentMemory(os.Getpid()), int64(1<<20))
}
