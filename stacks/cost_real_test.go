package stacks

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/cost"
)

// The real engine returns the lines of the last update in the next run, with other outputs that are secret.
func TestCost_RealEngineReadsTheLastUpdate(t *testing.T) {
	cli := program(t, "pulumi", "PULUMI")
	t.Setenv("PATH", filepath.Dir(cli)+string(os.PathListSeparator)+os.Getenv("PATH"))
	table := &cost.Table{Lines: []cost.Line{{Resource: "k8s-master", Item: "t3.large", OnDemand: 7592, Bought: 4783}}}
	var seen [][]cost.Line
	run := func(ctx *pulumi.Context) error {
		lines, err := deployedCost(ctx)
		if err != nil {
			return err
		}
		seen = append(seen, lines)
		ctx.Export(OutputMonthlyCost, costOutput(table))
		ctx.Export(OutputKubeconfig, pulumi.ToSecret(pulumi.String("password")))
		return nil
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte("name: growbin\nruntime: go\n"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "state"), 0o700))
	workspace, err := auto.NewLocalWorkspace(t.Context(), auto.WorkDir(dir), auto.Program(run), auto.EnvVars(map[string]string{
		"PULUMI_BACKEND_URL": "file://" + filepath.Join(dir, "state"), "PULUMI_HOME": filepath.Join(dir, "home"),
		"PULUMI_CONFIG_PASSPHRASE": "test", "PULUMI_SKIP_UPDATE_CHECK": "true",
	}))
	require.NoError(t, err)
	stack, err := auto.UpsertStack(t.Context(), "dev", workspace)
	require.NoError(t, err)
	for range 2 {
		_, err = stack.Up(t.Context())
		require.NoError(t, err)
	}
	_, err = stack.Preview(t.Context())
	require.NoError(t, err)
	assert.Equal(t, [][]cost.Line{nil, table.Lines, table.Lines}, seen)
}
