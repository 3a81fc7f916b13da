package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTopologyAddsUpToTheDesign(t *testing.T) {
	nodes, err := Topology(nil)
	require.NoError(t, err)
	assert.Equal(t, Totals{
		Nodes: 9, VCPU: 18, MemoryGiB: 38, DiskGiB: 350,
		ByRole: map[Role]int{RoleControlPlane: 1, RoleAPI: 2, RoleWorker: 2, RoleInfrastructure: 4},
	}, Sum(nodes))
}

func TestNodesSpreadOverTheZones(t *testing.T) {
	byZone := map[int][]string{}
	for _, node := range topology {
		byZone[node.Zone] = append(byZone[node.Zone], node.Name)
	}
	assert.Equal(t, map[int][]string{
		0: {"k8s-master", "k8s-worker-storage", "k8s-rabbitmq"},
		1: {"k8s-api-high-traffic", "k8s-worker-ai", "k8s-postgresql"},
		2: {"k8s-api-low-traffic", "k8s-redis", "k8s-monitoring"},
	}, byZone)
}

func TestNodesHaveTheDesignsTypesAndDisks(t *testing.T) {
	type machine struct {
		instanceType string
		diskGiB      int
	}
	got := map[string]machine{}
	for _, node := range topology {
		got[node.Name] = machine{node.InstanceType, node.RootGiB + node.DataGiB}
	}
	assert.Equal(t, map[string]machine{
		"k8s-master":           {"t3.large", 30},
		"k8s-api-high-traffic": {"t3.medium", 30},
		"k8s-api-low-traffic":  {"t3.medium", 30},
		"k8s-worker-storage":   {"t3.medium", 40},
		"k8s-worker-ai":        {"t3.medium", 30},
		"k8s-rabbitmq":         {"t3.small", 40},
		"k8s-postgresql":       {"t3.small", 60},
		"k8s-redis":            {"t3.small", 30},
		"k8s-monitoring":       {"t3.large", 60},
	}, got)
}

func TestOnlyTheControlPlanesAndTheStoresKeepData(t *testing.T) {
	for _, node := range topology {
		keeps := node.Role == RoleControlPlane || node.Role == RoleInfrastructure
		assert.Equal(t, keeps, node.DataGiB > 0, node.Name)
	}
}

func TestNumberedNamesAreRefused(t *testing.T) {
	nodes, err := Topology(nil)
	require.NoError(t, err)
	nodes[1].Name = "k8s-api-1"
	assert.ErrorContains(t, checkTopology(nodes, map[string]bool{}, nil), "node k8s-api-1 is numbered")
}

func TestNodesCarryTheLabelsThatPodsSelect(t *testing.T) {
	got := map[string]map[string]string{}
	for _, node := range topology {
		got[node.Name] = node.Labels
	}
	assert.Equal(t, map[string]map[string]string{
		"k8s-master":           {"workload": "control-plane"},
		"k8s-api-high-traffic": {"workload": "api", "type": "high-traffic"},
		"k8s-api-low-traffic":  {"workload": "api", "type": "low-traffic"},
		"k8s-worker-storage":   {"workload": "async-workers", "type": "storage"},
		"k8s-worker-ai":        {"workload": "async-workers", "type": "ai"},
		"k8s-rabbitmq":         {"workload": "infrastructure", "type": "rabbitmq"},
		"k8s-postgresql":       {"workload": "infrastructure", "type": "postgresql"},
		"k8s-redis":            {"workload": "infrastructure", "type": "redis"},
		"k8s-monitoring":       {"workload": "infrastructure", "type": "monitoring"},
	}, got)
}
