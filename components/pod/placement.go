package pod

import (
	"fmt"
	"maps"
	"slices"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"

	"github.com/growbin/cluster/components/validation"
)

// Placement selects the node of a pod.
type Placement struct {
	// NodeSelector are labels of the node. It must match the node that has the pod's volume.
	NodeSelector map[string]string `pulumi:"nodeSelector"`
	// Prefer are labels of the node that the pod prefers to the others that it may run on; none when empty.
	Prefer map[string]string `pulumi:"prefer"`
	// Tolerations of the node's taints.
	Tolerations []corev1.Toleration `pulumi:"tolerations"`
}

// Validate returns all problems of the placement, joined.
func (p Placement) Validate() error {
	var problems validation.Problems
	if len(p.NodeSelector) == 0 {
		problems.NotSet("NodeSelector", "must be labels of the node that has the volume")
	}
	for i, t := range p.Tolerations {
		if t.Operator == corev1.TolerationOpExists && t.Value != "" {
			problems.Add(fmt.Sprintf("Tolerations[%d].Value", i), t.Value, "must be empty with the operator Exists")
		}
	}
	return problems.Err()
}

// affinity returns the preference, or nil.
func (p Placement) affinity() core.AffinityPtrInput {
	if len(p.Prefer) == 0 {
		return nil
	}
	var expressions core.NodeSelectorRequirementArray
	for _, key := range slices.Sorted(maps.Keys(p.Prefer)) {
		expressions = append(expressions, core.NodeSelectorRequirementArgs{
			Key: pulumi.String(key), Operator: pulumi.String("In"), Values: pulumi.StringArray{pulumi.String(p.Prefer[key])},
		})
	}
	return &core.AffinityArgs{NodeAffinity: &core.NodeAffinityArgs{
		PreferredDuringSchedulingIgnoredDuringExecution: core.PreferredSchedulingTermArray{core.PreferredSchedulingTermArgs{
			Weight: pulumi.Int(100), Preference: core.NodeSelectorTermArgs{MatchExpressions: expressions},
		}},
	}}
}

// TolerationArgs converts tolerations. Empty fields are omitted, since the API server would store "" as a value.
func TolerationArgs(tolerations []corev1.Toleration) core.TolerationArray {
	var list core.TolerationArray
	for _, t := range tolerations {
		args := core.TolerationArgs{
			Key: optional(t.Key), Operator: optional(string(t.Operator)), Value: optional(t.Value), Effect: optional(string(t.Effect)),
		}
		if t.TolerationSeconds != nil {
			args.TolerationSeconds = pulumi.Int(int(*t.TolerationSeconds))
		}
		list = append(list, args)
	}
	return list
}

// optional returns an untyped nil for an empty text.
func optional(text string) pulumi.StringPtrInput {
	if text == "" {
		return nil
	}
	return pulumi.String(text)
}
