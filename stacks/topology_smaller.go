package stacks

import (
	"cmp"
	"maps"
	"slices"

	"github.com/growbin/cluster/components/validation"
)

// smallerRow is a row of a stack that runs the same components on a smaller machine than the topology has.
type smallerRow struct {
	// InstanceType, RootGiB and MaxPods replace those of the topology; 0 and empty keep them.
	InstanceType string
	RootGiB      int
	MaxPods      int
	// MaxReplicas is the maximum number of pods of each application on the node; 0 keeps those of the catalog. The band of the
	// topology is that of all pods, so a node with fewer has none.
	MaxReplicas int
}

// smallerRows are the rows of stacks that differ from the topology, by stack and node. A stack without an entry has the topology.
// APIs keep their replicas: a roll loses no request of dev either.
var smallerRows = map[string]map[string]smallerRow{
	"dev": {
		"k8s-master":           {InstanceType: "t3.medium"},
		"k8s-api-high-traffic": {RootGiB: 20},
		"k8s-api-low-traffic":  {RootGiB: 20},
		"k8s-worker-storage":   {InstanceType: "t3.small", RootGiB: 20, MaxPods: 20, MaxReplicas: 1},
		"k8s-worker-ai":        {InstanceType: "t3.small", RootGiB: 20, MaxPods: 20, MaxReplicas: 1},
		"k8s-monitoring":       {InstanceType: "t3.medium"},
	},
}

// shrink applies the rows of the stack to a copy of the topology. Its error joins the rows without a node.
func shrink(stack string, nodes []Node) error {
	var problems validation.Problems
	rows := smallerRows[stack]
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		at := slices.IndexFunc(nodes, func(n Node) bool { return n.Name == name })
		if at < 0 {
			problems.Add("smallerRows."+stack, name, "must name one of the nodes %s", nodeList(nodes))
			continue
		}
		n, row := &nodes[at], rows[name]
		n.InstanceType = cmp.Or(row.InstanceType, n.InstanceType)
		n.RootGiB, n.MaxPods = cmp.Or(row.RootGiB, n.RootGiB), cmp.Or(row.MaxPods, n.MaxPods)
		if row.MaxReplicas > 0 {
			n.MaxReplicas, n.Band = row.MaxReplicas, nil
		}
	}
	return problems.Err()
}

// Applications returns the catalog with the replicas of the stack.
func (s *Settings) Applications() []Application {
	out := Applications()
	for i, a := range out {
		most := 0
		for _, n := range s.nodesOf(a) {
			most += n.MaxReplicas
		}
		if most > 0 {
			out[i].Replicas = min(a.Replicas, most)
		}
	}
	return s.bounded(out)
}
