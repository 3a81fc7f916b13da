package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// expectedNode is one row of the design's table of nodes.
type expectedNode struct {
	role         Role
	instanceType string
	zone         int
	rootGiB      int
	dataGiB      int
	workload     string
	kind         string
	// dedicated is the value of the taint.
	dedicated string
	// maxPods is the number of pods that kubelet reserves memory for.
	maxPods int
}

// expectedNodes is the design's table of nodes by name. It is the only copy of the topology in tests: a new node needs a row
// here, and its share of expectedTotals.
var expectedNodes = map[string]expectedNode{
	"k8s-master":           {RoleControlPlane, "t3.large", 0, 20, 10, "control-plane", "", "", 40},
	"k8s-api-high-traffic": {RoleAPI, "t3.medium", 1, 30, 0, "api", "high-traffic", "api", 30},
	"k8s-api-low-traffic":  {RoleAPI, "t3.medium", 2, 30, 0, "api", "low-traffic", "api", 30},
	"k8s-worker-storage":   {RoleWorker, "t3.medium", 0, 40, 0, "async-workers", "storage", "async-workers", 30},
	"k8s-worker-ai":        {RoleWorker, "t3.medium", 1, 30, 0, "async-workers", "ai", "async-workers", 30},
	"k8s-rabbitmq":         {RoleInfrastructure, "t3.small", 0, 20, 20, "infrastructure", "rabbitmq", "rabbitmq", 20},
	"k8s-postgresql":       {RoleInfrastructure, "t3.small", 1, 20, 40, "infrastructure", "postgresql", "postgresql", 20},
	"k8s-redis":            {RoleInfrastructure, "t3.small", 2, 20, 10, "infrastructure", "redis", "redis", 20},
	"k8s-monitoring":       {RoleInfrastructure, "t3.large", 2, 20, 40, "infrastructure", "monitoring", "monitoring", 40},
}

// expectedTotals are the design's sums.
var expectedTotals = Totals{
	Nodes: 9, VCPU: 18, MemoryGiB: 38, DiskGiB: 350,
	ByRole: map[Role]int{RoleControlPlane: 1, RoleAPI: 2, RoleWorker: 2, RoleInfrastructure: 4},
}

func TestTopology_IsTheDesigns(t *testing.T) {
	nodes, err := Topology("prod", nil)
	require.NoError(t, err)
	assert.Equal(t, expectedTotals, Sum(nodes))
	got := map[string]expectedNode{}
	for _, n := range nodes {
		got[n.Name] = expectedNode{n.Role, n.InstanceType, n.Zone, n.RootGiB, n.DataGiB, n.Labels[labelWorkload], n.Labels[labelType], n.Dedicated, n.MaxPods}
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
		nodes, err := Topology("prod", nil)
		require.NoError(t, err)
		test.edit(&nodes[1])
		assert.ErrorContains(t, checkTopology(nodes, map[string]bool{}, nil), test.want, name)
	}
}
