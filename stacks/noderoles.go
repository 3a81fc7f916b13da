package stacks

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// instanceAnnotation records which machine the node is.
const instanceAnnotation = "growbin.app/instance-id"

// labelNodeRoles gives each node the role that kubectl shows. Kubelet refuses to start with such a label, so it is set
// from outside, once the node has joined; a replaced machine changes the annotation, and thereby gets its label again.
// The result, by node name, is what to depend on before using a node.
func labelNodeRoles(ctx *pulumi.Context, s *Settings, c *cluster) (map[string]pulumi.Resource, error) {
	labelled := map[string]pulumi.Resource{}
	for _, n := range s.Nodes {
		machine := c.nodes[n.Name]
		patch, err := corev1.NewNodePatch(ctx, n.Name, &corev1.NodePatchArgs{
			Metadata: &metav1.ObjectMetaPatchArgs{
				Name:        pulumi.String(n.Name),
				Labels:      pulumi.StringMap{n.RoleLabel(): pulumi.String("")},
				Annotations: pulumi.StringMap{instanceAnnotation: c.access.Joined(n.Name, machine.InstanceID)},
			},
		}, pulumi.Parent(machine), pulumi.Provider(c.kubernetes), pulumi.DependsOn([]pulumi.Resource{machine}))
		if err != nil {
			return nil, fmt.Errorf("label node %s: %w", n.Name, err)
		}
		labelled[n.Name] = patch
	}
	return labelled, nil
}
