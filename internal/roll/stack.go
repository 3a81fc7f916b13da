package roll

import (
	"context"
)

// Stack is the Pulumi stack that the machines belong to.
type Stack interface {
	// Nodes are the names of the stack's nodes, without temporary ones.
	Nodes(ctx context.Context) ([]string, error)
	// Machines previews an update with the overrides and says what it would do to each machine.
	Machines(ctx context.Context, o Overrides) ([]Machine, error)
	// Up updates the stack. The title tells one update of a roll from another, for example in the names of logs.
	Up(ctx context.Context, title string, o Overrides) error
}

// Overrides are settings for one operation on the stack. They are never left in the stack's file.
type Overrides struct {
	// Roll are the nodes whose machine may be replaced.
	Roll []string
	// Surge are the nodes that have a temporary second machine.
	Surge []string
	// Unprotected are the nodes whose machine may be terminated in spite of a deletion protection.
	Unprotected []string
}

// Fate is what an update would do to a machine.
type Fate string

// What can become of a machine.
const (
	// Kept machines stay as they are.
	Kept Fate = "kept"
	// Replaced machines differ from what the program says.
	Replaced Fate = "replaced"
	// Created machines do not exist (any more).
	Created Fate = "created"
	// Removed machines are no longer in the program.
	Removed Fate = "removed"
)

// Machine is one node's machine and what an update would make of it.
type Machine struct {
	// Node is the name of machine and node.
	Node string
	Fate Fate
	// InstanceID is that of the machine there is; empty when there is none.
	InstanceID string
	// ControlPlane and KeepsData (on a data volume) say what would be away with it.
	ControlPlane, KeepsData bool
	// Protected machines cannot be terminated before that protection has been lifted.
	Protected bool
	// Version of Kubernetes that the machine would boot with, without a leading v.
	Version string
	// Changes are what differs, one short phrase each.
	Changes []string
}
