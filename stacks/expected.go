package stacks

import (
	"github.com/growbin/cluster/components/metricsserver"
	"github.com/growbin/cluster/internal/verify"
)

// rolePrefix begins the label from which kubectl shows a node's role.
const rolePrefix = "node-role.kubernetes.io/"

// Expected returns the cluster that the settings describe, as its API server must report it.
func (s *Settings) Expected() verify.Expected {
	var want verify.Expected
	scaled := map[string]bool{}
	for _, app := range s.Applications() {
		for _, node := range s.nodesOf(app) {
			scaled[node.Name] = scaled[node.Name] || app.Max > 0
		}
	}
	for _, node := range s.Nodes {
		expected := verify.Node{Name: node.Name, RoleLabel: rolePrefix + string(node.Role), Labels: node.Labels, Taints: node.Capacity().Taints}
		if node.Band != nil && !scaled[node.Name] && !(s.pools() && node.pooled()) {
			expected.Band = &verify.Band{Low: node.Band.Low, High: node.Band.High}
		}
		want.Nodes = append(want.Nodes, expected)
	}
	for _, app := range s.Applications() {
		workload := verify.Workload{Name: app.Name, Replicas: app.Replicas, Nodes: nodeNames(s.nodesOf(app))}
		if app.Max > 0 {
			workload.Replicas, workload.Max = app.Min, app.Max
		}
		if s.pools() {
			workload.Nodes = nil // any node of the pool, until the next rollout
		}
		want.Workloads = append(want.Workloads, workload)
	}
	for _, service := range Services() {
		want.Workloads = append(want.Workloads, verify.Workload{Name: service.Name, Replicas: 1, Nodes: []string{service.Node}})
	}
	if s.autoscales() {
		want.Workloads = append(want.Workloads, verify.Workload{Name: metricsserver.Name, Replicas: 1, Nodes: []string{nodeMonitoring}})
	}
	return want
}
