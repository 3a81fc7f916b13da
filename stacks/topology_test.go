package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTopology_IsTheDesigns(t *testing.T) {
	nodes, err := Topology(nil)
	require.NoError(t, err)
	assert.Equal(t, expectedTotals, Sum(nodes))
	got := map[string]expectedNode{}
	for _, n := range nodes {
		got[n.Name] = expectedNode{n.Role, n.InstanceType, n.Zone, n.RootGiB, n.DataGiB, n.Labels[labelWorkload], n.Labels[labelType]}
		for label := range n.Labels {
			assert.Contains(t, []string{labelWorkload, labelType}, label, n.Name)
		}
	}
	assert.Equal(t, expectedNodes, got)
}

func TestTopology_NodesSpreadEvenlyOverTheZones(t *testing.T) {
	nodes := map[int]int{}
	for _, node := range topology {
		nodes[node.Zone]++
	}
	for _, zone := range []int{0, 1, 2} {
		assert.InDelta(t, len(topology)/3, nodes[zone], 1, "zone %d", zone)
	}
}

func TestTopology_OnlyControlPlaneAndStoresKeepData(t *testing.T) {
	for _, node := range topology {
		keeps := node.Role == RoleControlPlane || node.Role == RoleInfrastructure
		assert.Equal(t, keeps, node.DataGiB > 0, node.Name)
	}
}

func TestTopology_InvalidRows(t *testing.T) {
	for name, test := range map[string]struct {
		edit func(*Node)
		want string
	}{
		"numbered name": {func(n *Node) { n.Name = "k8s-api-1" }, `topology.k8s-api-1.Name: "k8s-api-1" must`},
		"zone":          {func(n *Node) { n.Zone = 3 }, `topology.k8s-api-high-traffic.Zone: 3 must be 0 to 2`},
		"no taint":      {func(n *Node) { n.Dedicated = "" }, `topology.k8s-api-high-traffic.Dedicated: not set`},
		"type":          {func(n *Node) { n.InstanceType = "t3.tiny" }, `topology.k8s-api-high-traffic.InstanceType: "t3.tiny" must be one of`},
		"control plane": {func(n *Node) { n.Role = RoleControlPlane }, `topology: 2 must be one control plane`},
	} {
		nodes, err := Topology(nil)
		require.NoError(t, err)
		test.edit(&nodes[1])
		assert.ErrorContains(t, checkTopology(nodes, map[string]bool{}, nil), test.want, name)
	}
}
