package docs

import (
	"fmt"
	"strings"

	"github.com/growbin/cluster/stacks"
)

// zoneLetters name the zones by Node.Zone.
const zoneLetters = "abcdef"

// podGroup is one workload's pods on a node.
type podGroup struct {
	name     string
	replicas int
}

func (p podGroup) String() string {
	if p.replicas == 1 {
		return p.name
	}
	return fmt.Sprintf("%s ×%d", p.name, p.replicas)
}

// podsByNode lists the applications and services of each node, in the order of their tables.
func podsByNode() map[string][]podGroup {
	pods := map[string][]podGroup{}
	for _, a := range stacks.Applications() {
		pods[a.Node] = append(pods[a.Node], podGroup{a.Name, a.Replicas})
	}
	for _, s := range stacks.Services() {
		pods[s.Node] = append(pods[s.Node], podGroup{s.Name, 1})
	}
	return pods
}

// disks are the sizes of the root volume and, if there is one, of the data volume.
func disks(n stacks.Node) string {
	if n.DataGiB == 0 {
		return fmt.Sprint(n.RootGiB)
	}
	return fmt.Sprintf("%d + %d", n.RootGiB, n.DataGiB)
}

// nodeTable is the topology as a Markdown table with the given five headings.
func nodeTable(head []string) (string, error) {
	nodes, err := stacks.Topology("prod", nil)
	if err != nil {
		return "", err
	}
	pods := podsByNode()
	var out strings.Builder
	fmt.Fprintf(&out, "| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for _, n := range nodes {
		var names []string
		for _, p := range pods[n.Name] {
			names = append(names, p.String())
		}
		if len(names) == 0 { // the control plane
			names = append(names, n.Purpose)
		}
		fmt.Fprintf(&out, "| `%s` | %s | %c | %s | %s |\n", n.Name, n.InstanceType, zoneLetters[n.Zone], disks(n), strings.Join(names, ", "))
	}
	return out.String(), nil
}
