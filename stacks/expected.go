package stacks

import "github.com/growbin/cluster/internal/verify"

// rolePrefix begins the label from which kubectl shows a node's role.
const rolePrefix = "node-role.kubernetes.io/"

// Expected returns the cluster that the settings describe, as its API server must report it.
func (s *Settings) Expected() verify.Expected {
	var want verify.Expected
	for _, node := range s.Nodes {
		expected := verify.Node{Name: node.Name, RoleLabel: rolePrefix + string(node.Role), Labels: node.Labels, Taints: node.Capacity().Taints}
		if node.Band != nil && !(s.pools() && node.pooled()) {
			expected.Band = &verify.Band{Low: node.Band.Low, High: node.Band.High}
		}
		want.Nodes = append(want.Nodes, expected)
	}
	for _, app := range s.Applications() {
		workload := verify.Workload{Name: app.Name, Replicas: app.Replicas, Node: app.Node}
		if s.pools() {
			workload.Node = "" // any node of the pool, until the next rollout
		}
		want.Workloads = append(want.Workloads, workload)
	}
	for _, service := range Services() {
		want.Workloads = append(want.Workloads, verify.Workload{Name: service.Name, Replicas: 1, Node: service.Node})
	}
	return want
}
