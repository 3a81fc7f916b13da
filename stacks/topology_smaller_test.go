package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dev has the components of prod on smaller machines; another stack has the topology.
func TestSmallerRows(t *testing.T) {
	nodes, err := Topology("dev", nil)
	require.NoError(t, err)
	totals := Sum(nodes)
	assert.Equal(t, expectedTotals.ByRole, totals.ByRole)
	assert.Equal(t, Totals{Nodes: 9, VCPU: 18, MemoryGiB: 26, DiskGiB: 300, ByRole: totals.ByRole}, totals)
	other, err := Topology("staging", nil)
	require.NoError(t, err)
	assert.Equal(t, expectedTotals, Sum(other))
	overridden, err := Topology("dev", map[string]string{"k8s-worker-ai": "t3.large"})
	require.NoError(t, err)
	ai, err := nodeNamed(overridden, "k8s-worker-ai")
	require.NoError(t, err)
	assert.Equal(t, "t3.large", ai.InstanceType, "the setting is above the rows")
}

func TestSmallerRows_FewerPodsHaveNoBand(t *testing.T) {
	s, err := decode(t, "dev", nil)
	require.NoError(t, err)
	for _, a := range s.Applications() {
		n, err := nodeNamed(s.Nodes, a.Node)
		require.NoError(t, err)
		if a.Kind == kindAPI {
			assert.GreaterOrEqual(t, a.Replicas, 2, "a roll must lose no request of %s", a.Name)
			continue
		}
		assert.Equal(t, 1, a.Replicas, a.Name)
		assert.Nil(t, n.Band, n.Name)
	}
}

func TestSmallerRows_UnknownNode(t *testing.T) {
	before := smallerRows
	t.Cleanup(func() { smallerRows = before })
	smallerRows = map[string]map[string]smallerRow{"dev": {"k8s-none": {InstanceType: "t3.small"}}}
	_, err := Topology("dev", nil)
	assert.ErrorContains(t, err, `smallerRows.dev: "k8s-none" must name one of the nodes k8s-master, `)
}
