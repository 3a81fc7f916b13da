// Package nodelabels keeps a node from changing the labels by which pods select nodes.
package nodelabels

import (
	"fmt"

	admission "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/admissionregistration/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const typeToken = "kubeadm-aws:nodelabels:Guard"

// CEL expressions of the policy. A node keeps those labels of Kubernetes that kubelet itself maintains, e.g. that of the zone; the
// plugin NodeRestriction guards the rest of them. The host's name places the pods of local volumes.
const (
	// OfNodes holds for requests of kubelets.
	OfNodes = `'system:nodes' in request.userInfo.groups`
	// LabelsStay holds if a request changes no label that places pods.
	LabelsStay = `[object.metadata.?labels.orValue({}), oldObject.metadata.?labels.orValue({})].all(l, l.all(k, ` +
		`k.contains('kubernetes.io/') && k != 'kubernetes.io/hostname' || ` +
		`object.metadata.?labels[?k] == oldObject.metadata.?labels[?k]))`
	// Message is the error of a refused request.
	Message = "a node may not change the labels by which pods select it"
)

// Guard holds the admission policy.
type Guard struct {
	pulumi.ResourceState
}

// NewGuard creates the policy. Labels of a new Node are those that its kubelet registers with.
func NewGuard(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) (*Guard, error) {
	g := &Guard{}
	if err := ctx.RegisterComponentResource(typeToken, name, g, opts...); err != nil {
		return nil, fmt.Errorf("labels of nodes %s: %w", name, err)
	}
	metadata := &meta.ObjectMetaArgs{Name: pulumi.String(name)}
	policy, err := admission.NewValidatingAdmissionPolicy(ctx, name, &admission.ValidatingAdmissionPolicyArgs{
		Metadata: metadata,
		Spec: &admission.ValidatingAdmissionPolicySpecArgs{
			FailurePolicy: pulumi.String("Fail"),
			MatchConstraints: &admission.MatchResourcesArgs{
				ResourceRules: admission.NamedRuleWithOperationsArray{&admission.NamedRuleWithOperationsArgs{
					ApiGroups: pulumi.ToStringArray([]string{""}), ApiVersions: pulumi.ToStringArray([]string{"v1"}),
					Resources: pulumi.ToStringArray([]string{"nodes", "nodes/status"}), Operations: pulumi.ToStringArray([]string{"UPDATE"}),
				}},
			},
			MatchConditions: admission.MatchConditionArray{&admission.MatchConditionArgs{Name: pulumi.String("nodes"), Expression: pulumi.String(OfNodes)}},
			Validations: admission.ValidationArray{&admission.ValidationArgs{
				Expression: pulumi.String(LabelsStay), Message: pulumi.String(Message), Reason: pulumi.String("Forbidden"),
			}},
		},
	}, pulumi.Parent(g))
	if err != nil {
		return nil, fmt.Errorf("labels of nodes %s: %w", name, err)
	}
	if _, err := admission.NewValidatingAdmissionPolicyBinding(ctx, name, &admission.ValidatingAdmissionPolicyBindingArgs{
		Metadata: metadata,
		Spec: &admission.ValidatingAdmissionPolicyBindingSpecArgs{
			PolicyName: pulumi.String(name), ValidationActions: pulumi.ToStringArray([]string{"Deny"}),
		},
	}, pulumi.Parent(g), pulumi.DependsOn([]pulumi.Resource{policy})); err != nil {
		return nil, fmt.Errorf("labels of nodes %s: %w", name, err)
	}
	return g, ctx.RegisterResourceOutputs(g, pulumi.Map{})
}
