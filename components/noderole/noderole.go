// Package noderole shows the role of each node in kubectl get nodes.
package noderole

import (
	"fmt"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/validation"
)

// InstanceAnnotation records the instance of a node. Only nodes that once had a role have it.
const InstanceAnnotation = "kubeadm-aws/instance-id"

// waitForAnnotation names the conditions of an object for which pulumi-kubernetes waits.
const waitForAnnotation = "pulumi.com/waitFor"

const (
	typeToken = "kubeadm-aws:noderole:NodeRole"
	// labelPrefix is the prefix that kubectl reads roles from. A kubelet refuses to start if it sets such a label itself.
	labelPrefix = "node-role.kubernetes.io/"
)

// NodeRoleArgs describes the role of one node. All fields are required.
type NodeRoleArgs struct {
	// Node is the node's name.
	Node string `pulumi:"node"`
	// Role is shown by kubectl under ROLES, e.g. worker.
	Role string `pulumi:"role"`
	// InstanceID resolves to the identifier of the instance once it has joined. It changes with a replacement, whose Node
	// object is new and needs the label again.
	InstanceID pulumi.StringInput `pulumi:"instanceId"`
}

// NodeRole is the role of one node. It is created once the node has joined and is Ready, so resources that need the node depend on
// it. A node becomes Ready with the pod network, which must therefore be installed before.
type NodeRole struct {
	pulumi.ResourceState

	// NodeName is the name of the node, known once it has joined.
	NodeName pulumi.StringOutput `pulumi:"nodeName"`
}

// NewNodeRole sets the label as an administrator: the admission plugin NodeRestriction denies it to the kubelet.
func NewNodeRole(ctx *pulumi.Context, name string, args *NodeRoleArgs, opts ...pulumi.ResourceOption) (*NodeRole, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("node role %s: %w", name, err)
	}
	l := &NodeRole{}
	if err := ctx.RegisterComponentResource(typeToken, name, l, opts...); err != nil {
		return nil, fmt.Errorf("node role %s: %w", name, err)
	}
	patch, err := core.NewNodePatch(ctx, name, &core.NodePatchArgs{
		Metadata: &meta.ObjectMetaPatchArgs{
			Name:        pulumi.String(args.Node),
			Labels:      pulumi.StringMap{labelPrefix + args.Role: pulumi.String("")},
			Annotations: pulumi.StringMap{InstanceAnnotation: args.InstanceID, waitForAnnotation: waitFor(args.InstanceID)},
		},
		// The label goes with the Node. To give it up, the provider would apply an empty Node, and create one that is gone.
	}, pulumi.Parent(l), pulumi.RetainOnDelete(true))
	if err != nil {
		return nil, fmt.Errorf("node role %s: %w", name, err)
	}
	l.NodeName = patch.Metadata.Name().Elem()
	return l, ctx.RegisterResourceOutputs(l, pulumi.Map{"nodeName": l.NodeName, "role": pulumi.String(args.Role)})
}

// waitFor is true of a Node that is Ready and has the patch: the provider keeps the object that it saw as the state, and may see one
// from before the patch.
func waitFor(instance pulumi.StringInput) pulumi.StringOutput {
	return pulumi.Sprintf(`["condition=Ready","jsonpath={.metadata.annotations['%s']}=%s"]`, InstanceAnnotation, instance)
}

// Validate returns all problems of the arguments, joined.
func (a *NodeRoleArgs) Validate() error {
	var problems validation.Problems
	if a.Node == "" {
		problems.NotSet("Node", "must be the name of a node")
	}
	if a.Role == "" {
		problems.NotSet("Role", "must be a role, e.g. worker")
	}
	if a.InstanceID == nil {
		problems.NotSet("InstanceID", "must be the identifier of the node's instance")
	}
	return problems.Err()
}
