package stacks

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/growbin/cluster/components/capacity"
)

// numbered finds names such as k8s-api-1.
var numbered = regexp.MustCompile(`-[0-9]+$`)

// checkTopology returns every problem of the table and of the overrides, joined.
func checkTopology(nodes []Node, known map[string]bool, instanceTypes map[string]string) error {
	var problems []error
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }

	overridden := make([]string, 0, len(instanceTypes))
	for name := range instanceTypes {
		overridden = append(overridden, name)
	}
	sort.Strings(overridden)
	for _, name := range overridden {
		if !known[name] {
			report("%sinstanceTypes names node %q; use one of %s", ConfigPrefix, name, strings.Join(nodeNames(nodes), ", "))
		}
	}
	if len(known) != len(nodes) {
		report("two nodes of the topology have the same name")
	}
	controlPlanes := 0
	for _, node := range nodes {
		if _, err := capacity.LookupInstanceType(node.InstanceType); err != nil {
			if _, ok := instanceTypes[node.Name]; ok {
				report("%sinstanceTypes, node %s: %w", ConfigPrefix, node.Name, err)
			} else {
				report("node %s: %w", node.Name, err)
			}
		}
		if numbered.MatchString(node.Name) {
			report("node %s is numbered; name it for what it does", node.Name)
		}
		if node.Zone < 0 || node.Zone > 2 {
			report("node %s is in zone %d; use 0 to 2", node.Name, node.Zone)
		}
		if node.Role == RoleControlPlane {
			controlPlanes++
		} else if node.Dedicated == "" {
			report("node %s has no Dedicated value; without the taint other pods land on it", node.Name)
		}
	}
	if controlPlanes != 1 {
		report("the topology has %d control planes; it needs one", controlPlanes)
	}
	return errors.Join(problems...)
}

// ControlPlane returns the row of the control plane.
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

// nodeNamed returns the row of that name.
func nodeNamed(nodes []Node, name string) (Node, error) {
	for _, node := range nodes {
		if node.Name == name {
			return node, nil
		}
	}
	return Node{}, fmt.Errorf("no node is named %q; use one of %s", name, strings.Join(nodeNames(nodes), ", "))
}
