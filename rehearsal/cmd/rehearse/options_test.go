package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// chosen are the options that the command line decides.
type chosen struct {
	program, stack string
	keep           bool
	drill, charts  string
}

func TestParse(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "Pulumi.yaml"), nil, 0o600))
	for name, test := range map[string]struct {
		args []string
		env  map[string]string
		want chosen
		err  string
	}{
		"defaults":            {nil, nil, chosen{"growbin", "dev", false, "", ""}, ""},
		"environment":         {nil, map[string]string{"STACK": "prod", "KEEP": "1", "DRILL": "volume", "CHARTS": "/charts"}, chosen{"growbin", "prod", true, "volume", "/charts"}, ""},
		"flags come first":    {[]string{"-stack", "dev", "-keep=false"}, map[string]string{"STACK": "prod", "KEEP": "1"}, chosen{"growbin", "dev", false, "", ""}, ""},
		"KEEP is no switch":   {nil, map[string]string{"KEEP": "yes please"}, chosen{}, `KEEP is "yes please": must be 1 or 0`},
		"an unknown drill":    {nil, map[string]string{"DRILL": "flood"}, chosen{}, `DRILL is "flood": must be one of `},
		"an unknown program":  {nil, map[string]string{"PROGRAM": "nowhere"}, chosen{}, `PROGRAM is "nowhere": must be one of growbin`},
		"an unknown argument": {[]string{"prod"}, nil, chosen{}, `unknown argument "prod"`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parse(append([]string{"-C", root}, test.args...), func(key string) string { return test.env[key] })
			if test.err != "" {
				assert.ErrorContains(t, err, test.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, root, got.Root)
			drill := ""
			if got.Drill != nil {
				drill = got.Drill.Name
			}
			assert.Equal(t, test.want, chosen{got.Program.Name, got.Stack, got.Keep, drill, got.Charts})
		})
	}
	_, err := parse([]string{"-C", t.TempDir()}, func(string) string { return "" })
	assert.ErrorContains(t, err, "no Pulumi.yaml at or above")
}

func TestFindRoot_Upwards(t *testing.T) {
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
