package stacks

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/growbin/cluster/components/validation"
)

// addNodes adds a row for each entry of the setting moreNodes, which gives a new node the name of the row that it is like. It is in
// the zone after that row's. The pods of both are spread, so neither has a band.
func addNodes(nodes []Node, added map[string]string) ([]Node, error) {
	const field = ConfigPrefix + "moreNodes"
	var problems validation.Problems
	rows := slices.Clone(nodes)
	for _, name := range slices.Sorted(maps.Keys(added)) {
		i := slices.IndexFunc(rows, func(n Node) bool { return n.Name == added[name] })
		switch {
		case i < 0 || !rows[i].pooled():
			problems.Add(field, name+"="+added[name], "must be like a node without a data volume: one of %s", nodeList(pool(rows)))
		case slices.ContainsFunc(nodes, func(n Node) bool { return n.Name == name }):
			problems.Add(field, name, "must not name a node that exists")
		case strings.HasSuffix(name, surgeSuffix):
			problems.Add(field, name, "must not end like a surge instance, with %s", surgeSuffix)
		default:
			nodes[i].Band = nil
			n := nodes[i]
			n.Name, n.Zone, n.Purpose = name, (n.Zone+1)%3, fmt.Sprintf("%s (as %s)", n.Purpose, n.Name)
			nodes = append(nodes, n)
		}
	}
	return nodes, problems.Err()
}

// hasRow reports whether the topology has a row of the node. Surge instances and the nodes of moreNodes have none.
func hasRow(name string) bool {
	_, err := nodeNamed(topology, name)
	return err == nil
}

// alike returns the nodes that share the pods of a node: those with its labels and its taint.
func (s *Settings) alike(n Node) []Node {
	return slices.DeleteFunc(slices.Clone(s.Nodes), func(other Node) bool {
		return other.Dedicated != n.Dedicated || !maps.Equal(other.Labels, n.Labels)
	})
}

// nodesOf returns the nodes that run the pods of an application.
func (s *Settings) nodesOf(a Application) []Node {
	n, err := nodeNamed(s.Nodes, a.Node)
	if err != nil {
		panic(fmt.Sprintf("application %s was not validated: %v", a.Name, err))
	}
	return s.alike(n)
}
