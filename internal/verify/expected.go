// Package verify reads a cluster from its API server and compares it with the design. It does not trust the program that
// created the cluster: only the API server counts.
package verify

import corev1 "k8s.io/api/core/v1"

// Expected is the designed state of a cluster.
type Expected struct {
	Nodes     []Node
	Workloads []Workload
}

// Node is one node of the design.
type Node struct {
	Name string
	// RoleLabel is the label that shows the role, e.g. node-role.kubernetes.io/api; empty to skip the check.
	RoleLabel string
	Labels    map[string]string
	Taints    []corev1.Taint
	// Band is the expected load; nil to skip the check.
	Band *Band
}

// Band is a range of the load, in percent of a node's allocatable resources, its edges included.
type Band struct{ Low, High float64 }

// Workload is a Deployment or a StatefulSet of the design.
type Workload struct {
	Name string
	// Replicas is the number of pods; the least number if Max is above it.
	Replicas int
	// Max is the largest number of pods of an autoscaled workload; 0 for others.
	Max int
	// Nodes are those that its pods must run on; empty for any node.
	Nodes []string
}
