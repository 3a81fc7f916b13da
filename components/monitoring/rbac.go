package monitoring

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/pod"
)

// grant is what an account may do with resources of one API group.
type grant struct {
	group     string
	resources []string
	verbs     []string
}

func (g grant) rule() rbacv1.PolicyRuleArgs {
	return rbacv1.PolicyRuleArgs{
		ApiGroups: pulumi.ToStringArray([]string{g.group}),
		Resources: pulumi.ToStringArray(g.resources),
		Verbs:     pulumi.ToStringArray(g.verbs),
	}
}

// account makes a pod's service account, with grants in the whole cluster, and paths of the API server it may read.
func (b *builder) account(p pod.Pod, grants []grant, paths ...string) (*corev1.ServiceAccount, error) {
	account, err := corev1.NewServiceAccount(b.ctx, b.name+"-"+p.Name, &corev1.ServiceAccountArgs{
		Metadata: meta(p), AutomountServiceAccountToken: pulumi.Bool(false),
	}, b.child())
	if err != nil {
		return nil, fmt.Errorf("create ServiceAccount %s: %w", p.Name, err)
	}
	var rules rbacv1.PolicyRuleArray
	for _, g := range grants {
		rules = append(rules, g.rule())
	}
	if len(paths) > 0 {
		rules = append(rules, rbacv1.PolicyRuleArgs{
			NonResourceURLs: pulumi.ToStringArray(paths), Verbs: pulumi.ToStringArray([]string{"get"}),
		})
	}
	role, err := rbacv1.NewClusterRole(b.ctx, b.name+"-"+p.Name, &rbacv1.ClusterRoleArgs{Metadata: b.clusterMeta(p), Rules: rules}, b.child())
	if err != nil {
		return nil, fmt.Errorf("create ClusterRole for %s: %w", p.Name, err)
	}
	_, err = rbacv1.NewClusterRoleBinding(b.ctx, b.name+"-"+p.Name, &rbacv1.ClusterRoleBindingArgs{
		Metadata: b.clusterMeta(p),
		RoleRef:  roleRef("ClusterRole", role.Metadata.Name().Elem()),
		Subjects: subject(account),
	}, b.child())
	if err != nil {
		return nil, fmt.Errorf("bind ClusterRole of %s: %w", p.Name, err)
	}
	return account, nil
}

// grantIn lets an account do more in one namespace.
func (b *builder) grantIn(namespace string, p pod.Pod, account *corev1.ServiceAccount, grants ...grant) error {
	metadata := &metav1.ObjectMetaArgs{
		Name: pulumi.String(b.name + "-" + p.Name), Namespace: pulumi.String(namespace), Labels: p.Labels,
	}
	var rules rbacv1.PolicyRuleArray
	for _, g := range grants {
		rules = append(rules, g.rule())
	}
	resource := b.name + "-" + p.Name + "-" + namespace
	role, err := rbacv1.NewRole(b.ctx, resource, &rbacv1.RoleArgs{Metadata: metadata, Rules: rules}, b.child())
	if err != nil {
		return fmt.Errorf("create Role for %s in %s: %w", p.Name, namespace, err)
	}
	_, err = rbacv1.NewRoleBinding(b.ctx, resource, &rbacv1.RoleBindingArgs{
		Metadata: metadata, RoleRef: roleRef("Role", role.Metadata.Name().Elem()), Subjects: subject(account),
	}, b.child())
	if err != nil {
		return fmt.Errorf("bind Role of %s in %s: %w", p.Name, namespace, err)
	}
	return nil
}

func roleRef(kind string, name pulumi.StringInput) rbacv1.RoleRefArgs {
	return rbacv1.RoleRefArgs{ApiGroup: pulumi.String("rbac.authorization.k8s.io"), Kind: pulumi.String(kind), Name: name}
}

func subject(account *corev1.ServiceAccount) rbacv1.SubjectArray {
	return rbacv1.SubjectArray{rbacv1.SubjectArgs{
		Kind: pulumi.String("ServiceAccount"), Name: account.Metadata.Name().Elem(), Namespace: account.Metadata.Namespace(),
	}}
}
