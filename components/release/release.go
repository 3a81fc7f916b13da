// Package release gives a workload an identity that may change the image of its Deployment and nothing else.
//
// RBAC limits the identity to one Deployment, but a right to patch it is a right to its Secrets, service account and mounts. So a
// Guard, a ValidatingAdmissionPolicy, compares each patch with the object before.
package release

import (
	"fmt"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	rbac "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/validation"
)

const releaserType = "kubeadm-aws:release:Releaser"

// accountPrefix begins the names of all service accounts that a Guard limits.
const accountPrefix = "release-"

// ReleaserArgs describes who may release one workload. Namespace is required.
type ReleaserArgs struct {
	// Namespace of the workload; it must exist.
	Namespace pulumi.StringInput `pulumi:"namespace"`
	// Readable are the Deployments whose images the identity may read, beside its own.
	Readable []string `pulumi:"readable"`
	// Migration is the suspended CronJob that the identity may run as a Job of the same name; empty for none.
	Migration string `pulumi:"migration"`
}

// Releaser is the identity.
type Releaser struct {
	pulumi.ResourceState

	// Secret is the name of the Secret with the token of the identity, known once it exists. The controller manager writes the
	// token a moment later. It does not expire; it ends with the Secret.
	Secret pulumi.StringOutput `pulumi:"secret"`
}

// NewReleaser creates the identity of the Deployment called name.
func NewReleaser(ctx *pulumi.Context, name string, args *ReleaserArgs, opts ...pulumi.ResourceOption) (*Releaser, error) {
	if args == nil {
		args = &ReleaserArgs{}
	}
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("releaser %s: %w", name, err)
	}
	r := &Releaser{}
	if err := ctx.RegisterComponentResource(releaserType, name, r, opts...); err != nil {
		return nil, fmt.Errorf("releaser %s: %w", name, err)
	}
	if err := r.build(ctx, name, args); err != nil {
		return nil, fmt.Errorf("releaser %s: %w", name, err)
	}
	return r, ctx.RegisterResourceOutputs(r, pulumi.Map{"secret": r.Secret})
}

// Validate returns all problems of the arguments, joined.
func (a *ReleaserArgs) Validate() error {
	var problems validation.Problems
	if a.Namespace == nil {
		problems.NotSet("Namespace", "must be the namespace of the workload")
	}
	return problems.Err()
}

func (r *Releaser) build(ctx *pulumi.Context, name string, args *ReleaserArgs) error {
	account := accountPrefix + name
	metadata := &meta.ObjectMetaArgs{Name: pulumi.String(account), Namespace: args.Namespace.ToStringOutput()}
	parent := pulumi.Parent(r)
	identity, err := core.NewServiceAccount(ctx, account, &core.ServiceAccountArgs{
		Metadata: metadata, AutomountServiceAccountToken: pulumi.Bool(false),
	}, parent)
	if err != nil {
		return err
	}
	role, err := rbac.NewRole(ctx, account, &rbac.RoleArgs{Metadata: metadata, Rules: args.rules(name)}, parent)
	if err != nil {
		return err
	}
	if _, err := rbac.NewRoleBinding(ctx, account, &rbac.RoleBindingArgs{
		Metadata: metadata,
		RoleRef:  &rbac.RoleRefArgs{ApiGroup: pulumi.String("rbac.authorization.k8s.io"), Kind: pulumi.String("Role"), Name: role.Metadata.Name().Elem()},
		Subjects: rbac.SubjectArray{&rbac.SubjectArgs{
			Kind: pulumi.String("ServiceAccount"), Name: identity.Metadata.Name().Elem(), Namespace: args.Namespace.ToStringOutput(),
		}},
	}, parent); err != nil {
		return err
	}
	// The provider would wait for the token for five seconds, which a new cluster may exceed.
	secret, err := core.NewSecret(ctx, account, &core.SecretArgs{
		Metadata: &meta.ObjectMetaArgs{
			Name: pulumi.String(account), Namespace: args.Namespace.ToStringOutput(),
			Annotations: pulumi.StringMap{
				"kubernetes.io/service-account.name": identity.Metadata.Name().Elem(), "pulumi.com/skipAwait": pulumi.String("true"),
			},
		},
		Type: pulumi.String("kubernetes.io/service-account-token"),
	}, parent)
	if err != nil {
		return err
	}
	r.Secret = secret.ID().ApplyT(func(pulumi.ID) string { return account }).(pulumi.StringOutput)
	return nil
}

// rules are those of the Role. A Job cannot be limited by name at its creation: the Guard does that.
func (a *ReleaserArgs) rules(name string) rbac.PolicyRuleArray {
	rule := func(group, resource string, names []string, verbs ...string) *rbac.PolicyRuleArgs {
		return &rbac.PolicyRuleArgs{
			ApiGroups: pulumi.ToStringArray([]string{group}), Resources: pulumi.ToStringArray([]string{resource}),
			ResourceNames: pulumi.ToStringArray(names), Verbs: pulumi.ToStringArray(verbs),
		}
	}
	rules := rbac.PolicyRuleArray{rule("apps", "deployments", []string{name}, "get", "patch")}
	if len(a.Readable) > 0 {
		rules = append(rules, rule("apps", "deployments", a.Readable, "get"))
	}
	if a.Migration != "" {
		rules = append(rules,
			rule("batch", "cronjobs", []string{a.Migration}, "get", "patch"),
			rule("batch", "jobs", []string{a.Migration}, "get", "delete"),
			rule("batch", "jobs", nil, "create"))
	}
	return rules
}
