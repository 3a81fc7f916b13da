package monitoring

import (
	"fmt"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	rbac "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/pod"
)

// grant allows verbs on resources of one API group.
type grant struct {
	group     string
	resources []string
	verbs     []string
}

func (g grant) rule() rbac.PolicyRuleArgs {
	return rbac.PolicyRuleArgs{
		ApiGroups: pulumi.ToStringArray([]string{g.group}),
		Resources: pulumi.ToStringArray(g.resources),
		Verbs:     pulumi.ToStringArray(g.verbs),
	}
}

// account creates a pod's service account with cluster-wide grants and readable paths of the API server.
func (b *builder) account(p pod.Pod, grants []grant, paths ...string) (*core.ServiceAccount, error) {
	account, err := core.NewServiceAccount(b.ctx, b.name+"-"+p.Name, &core.ServiceAccountArgs{
		Metadata: metadata(p), AutomountServiceAccountToken: pulumi.Bool(false),
	}, b.child())
	if err != nil {
		return nil, fmt.Errorf("create ServiceAccount %s: %w", p.Name, err)
	}
	var rules rbac.PolicyRuleArray
	for _, g := range grants {
		rules = append(rules, g.rule())
	}
	if len(paths) > 0 {
		rules = append(rules, rbac.PolicyRuleArgs{
			NonResourceURLs: pulumi.ToStringArray(paths), Verbs: pulumi.ToStringArray([]string{"get"}),
		})
	}
	role, err := rbac.NewClusterRole(b.ctx, b.name+"-"+p.Name, &rbac.ClusterRoleArgs{Metadata: b.clusterMetadata(p), Rules: rules}, b.child())
	if err != nil {
		return nil, fmt.Errorf("create ClusterRole for %s: %w", p.Name, err)
	}
	_, err = rbac.NewClusterRoleBinding(b.ctx, b.name+"-"+p.Name, &rbac.ClusterRoleBindingArgs{
		Metadata: b.clusterMetadata(p),
		RoleRef:  roleRef("ClusterRole", role.Metadata.Name().Elem()),
		Subjects: subject(account),
	}, b.child())
	if err != nil {
		return nil, fmt.Errorf("bind ClusterRole of %s: %w", p.Name, err)
	}
	return account, nil
}

// grantIn adds grants in one namespace.
func (b *builder) grantIn(namespace string, p pod.Pod, account *core.ServiceAccount, grants ...grant) error {
	described := &meta.ObjectMetaArgs{
		Name: pulumi.String(b.name + "-" + p.Name), Namespace: pulumi.String(namespace), Labels: p.Labels,
	}
	var rules rbac.PolicyRuleArray
	for _, g := range grants {
		rules = append(rules, g.rule())
	}
	resource := b.name + "-" + p.Name + "-" + namespace
	role, err := rbac.NewRole(b.ctx, resource, &rbac.RoleArgs{Metadata: described, Rules: rules}, b.child())
	if err != nil {
		return fmt.Errorf("create Role for %s in %s: %w", p.Name, namespace, err)
	}
	_, err = rbac.NewRoleBinding(b.ctx, resource, &rbac.RoleBindingArgs{
		Metadata: described, RoleRef: roleRef("Role", role.Metadata.Name().Elem()), Subjects: subject(account),
	}, b.child())
	if err != nil {
		return fmt.Errorf("bind Role of %s in %s: %w", p.Name, namespace, err)
	}
	return nil
}

func roleRef(kind string, name pulumi.StringInput) rbac.RoleRefArgs {
	return rbac.RoleRefArgs{ApiGroup: pulumi.String("rbac.authorization.k8s.io"), Kind: pulumi.String(kind), Name: name}
}

func subject(account *core.ServiceAccount) rbac.SubjectArray {
	return rbac.SubjectArray{rbac.SubjectArgs{
		Kind: pulumi.String("ServiceAccount"), Name: account.Metadata.Name().Elem(), Namespace: account.Metadata.Namespace(),
	}}
}
