package stacks

import (
	"fmt"
	"slices"
)

// Settings for one update. They belong to growbin roll and to no stack file.
const (
	// SettingRollNodes lists the nodes whose instance the update may replace.
	SettingRollNodes = ConfigPrefix + "rollNodes"
	// SettingSurgeNodes lists the nodes that get a surge instance, to which their pods can move.
	SettingSurgeNodes = ConfigPrefix + "surgeNodes"
	// SettingUnprotectedNodes lists the nodes whose instance is deletable in spite of deletionProtection.
	SettingUnprotectedNodes = ConfigPrefix + "unprotectedNodes"
	// SettingRollImage is the machine image of a roll's plan.
	SettingRollImage = ConfigPrefix + "rollImage"
	// SettingInstanceTypes lists the instance types of nodes that differ from their rows, each as node=type.
	SettingInstanceTypes = ConfigPrefix + "instanceTypes"
)

const surgeSuffix = "-surge"

// SurgeName returns the name of a node's surge instance.
func SurgeName(node string) string { return node + surgeSuffix }

// canSurge reports whether a second instance can run the node's pods: it has no data volume and is not the control plane.
func (n Node) canSurge() bool { return n.DataGiB == 0 && n.Role != RoleControlPlane }

// surgeNode returns the row of the surge instance, on which the pods run as on the node itself. It is bought on demand: it is needed now.
func (n Node) surgeNode() Node {
	n.Buying = BuyOnDemand
	n.Purpose = fmt.Sprintf("Surge instance, while %s is being replaced", n.Name)
	n.Name = SurgeName(n.Name)
	return n
}

// nodesWithSurge returns the topology and the surge nodes after it.
func (s *Settings) nodesWithSurge() []Node {
	nodes := slices.Clone(s.Nodes)
	for _, n := range s.Nodes {
		if slices.Contains(s.SurgeNodes, n.Name) {
			nodes = append(nodes, n.surgeNode())
		}
	}
	return nodes
}

func (s *Settings) validateRolling(r *settingsReader) {
	for _, id := range s.RollLocks {
		if !lockID.MatchString(id) {
			r.invalid("rollLocks", id, "must be the ID of a lock; growbin roll sets it")
		}
	}
	if s.RollImage != "" && !machineImageID.MatchString(s.RollImage) {
		r.invalid("rollImage", s.RollImage, "must be the ID of a machine image; growbin roll sets it")
	}
	for _, setting := range []struct {
		key   string
		names []string
	}{{"rollNodes", s.RollNodes}, {"unprotectedNodes", s.UnprotectedNodes}, {"surgeNodes", s.SurgeNodes}} {
		for _, name := range setting.names {
			node, err := nodeNamed(s.Nodes, name)
			switch {
			case err != nil:
				r.invalid(setting.key, name, "must name one of the nodes %s", nodeList(s.Nodes))
			case setting.key == "surgeNodes" && !node.canSurge():
				r.invalid(setting.key, name, "must name a node without a data volume, which only one instance can attach")
			}
		}
	}
}
