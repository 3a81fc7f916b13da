package stacks

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/growbin/cluster/components/capacity"
	"github.com/growbin/cluster/components/validation"
)

// numbered matches names that count, after their prefix: api-1, api1, 2-api, api-one, api-b, api-iii.
var numbered = regexp.MustCompile(`[0-9]|(^|[-_.])([a-z]|i{2,3}|iv|vi{1,3}|ix|one|two|three|four|five|first|second|third|fourth|fifth)([-_.]|$)`)

// checkTopology returns all problems of the table and of the overrides, joined.
func checkTopology(nodes []Node, known map[string]bool, instanceTypes map[string]string) error {
	const overrides = ConfigPrefix + "instanceTypes"
	var problems validation.Problems
	for _, name := range slices.Sorted(maps.Keys(instanceTypes)) {
		if !known[name] {
			problems.Add(overrides, name, "must name one of the nodes %s", nodeList(nodes))
		}
	}
	if len(known) != len(nodes) {
		problems.Add("topology", len(nodes), "must be nodes with a different name each")
	}
	controlPlanes := 0
	for _, node := range nodes {
		field := "topology." + node.Name
		if _, err := capacity.LookupInstanceType(node.InstanceType); err != nil {
			at := field + ".InstanceType"
			if _, ok := instanceTypes[node.Name]; ok {
				at = overrides
			}
			problems.Add(at, node.InstanceType, "must be one of %s, for node %s", strings.Join(capacity.InstanceTypeNames(), ", "), node.Name)
		}
		if numbered.MatchString(strings.TrimPrefix(strings.ToLower(node.Name), "k8s-")) {
			problems.Add(field+".Name", node.Name, "must state the purpose of the node, not a number")
		}
		if node.Zone < 0 || node.Zone > 2 {
			problems.Add(field+".Zone", node.Zone, "must be 0 to 2")
		}
		if node.Role == RoleControlPlane {
			controlPlanes++
		} else if node.Dedicated == "" {
			problems.NotSet(field+".Dedicated", "must be set: without the taint other pods are scheduled on the node")
		}
	}
	if controlPlanes != 1 {
		problems.Add("topology", controlPlanes, "must be one control plane")
	}
	problems.Include("", checkBands(nodes))
	return problems.Err()
}

// ControlPlane returns the node of the control plane.
func ControlPlane(nodes []Node) Node {
	return nodes[slices.IndexFunc(nodes, func(n Node) bool { return n.Role == RoleControlPlane })]
}

func nodeNames(nodes []Node) []string {
	names := make([]string, 0, len(nodes))
	for _, node := range nodes {
		names = append(names, node.Name)
	}
	return names
}

// nodeList returns the names of the nodes for errors.
func nodeList(nodes []Node) string { return strings.Join(nodeNames(nodes), ", ") }

// nodeNamed returns the node of that name.
func nodeNamed(nodes []Node, name string) (Node, error) {
	for _, node := range nodes {
		if node.Name == name {
			return node, nil
		}
	}
	return Node{}, fmt.Errorf("node: %q must be one of %s", name, nodeList(nodes))
}
