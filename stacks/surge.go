package stacks

import (
	"fmt"
	"slices"
)

// Settings that are for one update, and are best left to the command that rolls nodes: they are in no stack file.
const (
	// SettingRollNodes lists nodes that an update may replace.
	SettingRollNodes = ConfigPrefix + "rollNodes"
	// SettingSurgeNodes lists nodes that get a temporary second machine, onto which their pods can move.
	SettingSurgeNodes = ConfigPrefix + "surgeNodes"
	// SettingUnprotectedNodes lists nodes whose machine may be terminated although the stack has deletionProtection.
	SettingUnprotectedNodes = ConfigPrefix + "unprotectedNodes"
)

const surgeSuffix = "-surge"

// SurgeName is the name of a node's temporary second machine.
func SurgeName(node string) string { return node + surgeSuffix }

// mayRunTwice tells whether a second machine can do the node's work: it keeps no data and is not the control plane.
func (n Node) mayRunTwice() bool { return n.DataGiB == 0 && n.Role != RoleControlPlane }

// surge is the row of the second machine. Only its name and its purpose are its own, so pods cannot tell the two apart.
func (n Node) surge() Node {
	n.Purpose = fmt.Sprintf("Temporary, while %s is being replaced", n.Name)
	n.Name = SurgeName(n.Name)
	return n
}

// machines are all rows that get a machine: the topology, and the temporary ones beside it.
func (s *Settings) machines() []Node {
	rows := slices.Clone(s.Nodes)
	for _, n := range s.Nodes {
		if slices.Contains(s.SurgeNodes, n.Name) {
			rows = append(rows, n.surge())
		}
	}
	return rows
}

// isRow tells the topology's own rows from temporary ones.
func isRow(nodes []Node, name string) bool {
	_, err := nodeNamed(nodes, name)
	return err == nil
}

func (s *Settings) validateRolling(r *reader) {
	for key, names := range map[string][]string{"rollNodes": s.RollNodes, "unprotectedNodes": s.UnprotectedNodes} {
		for _, name := range names {
			if _, err := nodeNamed(s.Nodes, name); err != nil {
				r.wrong(key, name, "%s", err)
			}
		}
	}
	for _, name := range s.SurgeNodes {
		node, err := nodeNamed(s.Nodes, name)
		if err != nil {
			r.wrong("surgeNodes", name, "%s", err)
		} else if !node.mayRunTwice() {
			r.wrong("surgeNodes", name, "it keeps data, which one machine can hold at a time; name a node without a data volume")
		}
	}
}
