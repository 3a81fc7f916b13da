package stacks

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/cost"
)

// The real engine returns the lines of the last update in the next run, with other outputs that are secret.
func TestCost_RealEngineReadsTheLastUpdate(t *testing.T) {
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
	stack := realStack(t, run)
	for range 2 {
		_, err := stack.Up(t.Context())
		require.NoError(t, err)
	}
	_, err := stack.Preview(t.Context())
	require.NoError(t, err)
	assert.Equal(t, [][]cost.Line{nil, table.Lines, table.Lines}, seen)
}
