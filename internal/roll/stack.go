package roll

import "context"

// Stack is the Pulumi stack of the nodes.
type Stack interface {
	// Nodes returns the names of the stack's nodes, without surge nodes.
	Nodes(ctx context.Context) ([]string, error)
	// Machines previews an update with the overrides and returns the planned change of each instance.
	Machines(ctx context.Context, o Overrides) ([]Machine, error)
	// Up updates the stack. The title identifies the update within a roll, e.g. in the names of logs.
	Up(ctx context.Context, title string, o Overrides) error
}

// Overrides are settings for one operation on the stack. They are never saved in the stack file.
type Overrides struct {
	// Roll are the nodes whose instance may be replaced.
	Roll []string
	// Surge are the nodes that have a surge instance.
	Surge []string
	// Unprotected are the nodes whose instance may be terminated in spite of deletion protection.
	Unprotected []string
	// Locks holds the ID of the roll's lock; empty without one.
	Locks []string
	// Replace are the URNs of instances that are replaced although nothing changed about them.
	Replace []string
	// Image is the machine image of new instances; empty for the one that the program looks up.
	Image string
	// Types are instance types by node, instead of those of the program.
	Types map[string]string
}

// bound is a stack whose operations name the lock that the roll holds, the machine image of its plan, since the program would take
// an image that is published meanwhile, and the types of instances for which AWS had no other capacity.
type bound struct {
	Stack
	locks []string
	image string
	types map[string]string
}

func (b bound) Machines(ctx context.Context, o Overrides) ([]Machine, error) {
	o.Locks, o.Image, o.Types = b.locks, b.image, b.types
	return b.Stack.Machines(ctx, o)
}

func (b bound) Up(ctx context.Context, title string, o Overrides) error {
	o.Locks, o.Image, o.Types = b.locks, b.image, b.types
	return b.Stack.Up(ctx, title, o)
}

// Fate is the change that an update makes to an instance.
type Fate string

// Fates of an instance.
const (
	// Kept instances stay.
	Kept Fate = "kept"
	// Replaced instances have drifted from the program.
	Replaced Fate = "replaced"
	// Created instances do not exist yet, or no longer.
	Created Fate = "created"
	// Removed instances are no longer in the program.
	Removed Fate = "removed"
)

// Machine is the instance of a node, and the change that an update would make to it.
type Machine struct {
	// Node is the name of instance and node.
	Node string
	// URN is the name of the instance's resource in the stack.
	URN string
	// Fate is the planned change.
	Fate Fate
	// InstanceID is the EC2 ID of the existing instance; empty if there is none.
	InstanceID string
	// ControlPlane is true for the control plane.
	ControlPlane bool
	// KeepsData is true if the node has a data volume.
	KeepsData bool
	// Protected is true if the instance has termination protection, which must be lifted first.
	Protected bool
	// Protects is true if the program protects the new instance.
	Protects bool
	// Version is the version of Kubernetes of the new instance, without a leading v.
	Version string
	// Image is the machine image that a new instance would have.
	Image string
	// Changes are the differences, one short phrase each.
	Changes []string
}
