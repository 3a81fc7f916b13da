// Package verify reads a cluster back from its API server and compares it with what the design says. It asks nothing of
// the programs that made the cluster: only what the API server answers counts.
package verify

import corev1 "k8s.io/api/core/v1"

// Expected is what the design says.
type Expected struct {
	Nodes     []Node
	Workloads []Workload
}

// Node is one machine of the design.
type Node struct {
	Name string
	// RoleLabel is the label that shows the role, like node-role.kubernetes.io/api.
	RoleLabel string
	Labels    map[string]string
	Taints    []corev1.Taint
	// Band is the expected load, nil where none is stated.
	Band *Band
}

// Band is a load in percent of what a node can give to pods.
type Band struct{ Low, High float64 }

// Workload is a Deployment or a StatefulSet of the design.
type Workload struct {
	Name     string
	Replicas int
	// Node is where every pod of it runs.
	Node string
}
