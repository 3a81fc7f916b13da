// Package noderole shows the role of each node in kubectl get nodes.
package noderole

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	typeToken = "kubeadm-aws:noderole:NodeRole"
	// labelPrefix is what kubectl looks for. Kubelet refuses to start with such a label of its own.
	labelPrefix = "node-role.kubernetes.io/"
	// instanceAnnotation records which machine the node is.
	instanceAnnotation = "kubeadm-aws/instance-id"
)

// NodeRoleArgs says which node has which role.
type NodeRoleArgs struct {
	// Node is the node's name.
	Node string
	// Role is what kubectl shows, for example "worker".
	Role string
	// InstanceID resolves to the machine's identifier once it has joined. A replaced machine changes it, and thereby
	// gets the label again.
	InstanceID pulumi.StringInput
}

// NodeRole is the role of one node. Depend on it before using the node: it stands once the node has joined.
type NodeRole struct {
	pulumi.ResourceState
}

// NewNodeRole sets the label from outside, as NodeRestriction demands.
func NewNodeRole(ctx *pulumi.Context, name string, args *NodeRoleArgs, opts ...pulumi.ResourceOption) (*NodeRole, error) {
	if args.Node == "" || args.Role == "" || args.InstanceID == nil {
		return nil, fmt.Errorf("node role %s: Node, Role and InstanceID are all needed", name)
	}
	l := &NodeRole{}
	if err := ctx.RegisterComponentResource(typeToken, name, l, opts...); err != nil {
		return nil, fmt.Errorf("node role %s: %w", name, err)
	}
	if _, err := corev1.NewNodePatch(ctx, name, &corev1.NodePatchArgs{
		Metadata: &metav1.ObjectMetaPatchArgs{
			Name:        pulumi.String(args.Node),
			Labels:      pulumi.StringMap{labelPrefix + args.Role: pulumi.String("")},
			Annotations: pulumi.StringMap{instanceAnnotation: args.InstanceID},
		},
	}, pulumi.Parent(l)); err != nil {
		return nil, fmt.Errorf("node role %s: %w", name, err)
	}
	return l, ctx.RegisterResourceOutputs(l, pulumi.Map{"role": pulumi.String(args.Role)})
}
