package pulumistack

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/roll"
)

// seen is the value of rollNodes in each run of the test program.
var seen []string

func program(ctx *pulumi.Context) error {
	value, _ := ctx.GetConfig(keys.Roll)
	seen = append(seen, value)
	if strings.Contains(value, "too-many") {
		return errors.New("the topology needs 20 vCPUs but only 18 are left")
	}
	ctx.Export("nodes", pulumi.StringMap{"b": pulumi.String("a node"), "a": pulumi.String("another")})
	ctx.Export("kubeconfig", pulumi.ToSecret(pulumi.String("apiVersion: v1")))
	return nil
}

// openReal opens a new stack with the real CLI. The program runs in this process, without the Go language host.
func openReal(t *testing.T) (*Stack, string) {
	t.Helper()
	cli := os.Getenv("PULUMI")
	if cli == "" {
		t.Skip("PULUMI is not the path of a Pulumi CLI")
	}
	dir := t.TempDir()
	for path, text := range map[string]string{
		"Pulumi.yaml": "name: app\nruntime: go\n", "Pulumi.dev.yaml": "config:\n  app:region: ap-northeast-2\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, path), []byte(text), 0o600))
	}
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "state"), 0o700))
	t.Setenv("PATH", filepath.Dir(cli)+string(os.PathListSeparator)+os.Getenv("PATH"))
	workspace, err := auto.NewLocalWorkspace(t.Context(), auto.WorkDir(dir), auto.Program(program), auto.EnvVars(map[string]string{
		"PULUMI_BACKEND_URL": "file://" + filepath.Join(dir, "state"), "PULUMI_HOME": filepath.Join(dir, "home"),
		"PULUMI_CONFIG_PASSPHRASE": "test", "PULUMI_SKIP_UPDATE_CHECK": "true",
	}))
	require.NoError(t, err)
	stack, err := auto.UpsertStack(t.Context(), "dev", workspace)
	require.NoError(t, err)
	return New(stack, Options{
		Dir: dir, Stack: "dev", Settings: keys, NodesOutput: "nodes", KubeconfigOutput: "kubeconfig", Progress: t.Output(),
	}), dir
}

func TestStack_RealCLIReadsTheOverrides(t *testing.T) {
	s, dir := openReal(t)
	_, err := s.Nodes(t.Context())
	assert.ErrorContains(t, err, "stack dev has no output nodes: run pulumi up")

	seen = nil
	require.NoError(t, s.Up(t.Context(), "first", roll.Overrides{Roll: []string{"a"}}))
	assert.Equal(t, []string{`["a"]`}, seen, "the program read the override")
	nodes, err := s.Nodes(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b"}, nodes)
	kubeconfig, err := s.Kubeconfig(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "apiVersion: v1", string(kubeconfig))

	seen = nil
	machines, err := s.Machines(t.Context(), roll.Overrides{})
	require.NoError(t, err)
	assert.Empty(t, machines)
	assert.Equal(t, []string{""}, seen, "the override was for one operation")
	text, err := os.ReadFile(filepath.Join(dir, "Pulumi.dev.yaml"))
	require.NoError(t, err)
	assert.NotContains(t, string(text), keys.Roll)
}

func TestStack_RealCLIErrorIsTheDiagnostic(t *testing.T) {
	s, _ := openReal(t)
	_, err := s.Machines(t.Context(), roll.Overrides{Roll: []string{"too-many"}})
	require.ErrorContains(t, err, "preview stack dev: ")
	assert.ErrorContains(t, err, "the topology needs 20 vCPUs but only 18 are left")
	assert.Less(t, len(err.Error()), 400, "not the whole output")
}
