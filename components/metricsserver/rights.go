package metricsserver

import (
	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	rbac "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// grant allows the server to read usage from kubelets and nothing else of them, to list nodes and pods, and to check the requests that
// the API server forwards.
func grant(ctx *pulumi.Context, name string, account *core.ServiceAccount, labels pulumi.StringMap, parent pulumi.ResourceOption) ([]pulumi.Resource, error) {
	clusterWide := func() *meta.ObjectMetaArgs { return &meta.ObjectMetaArgs{Name: pulumi.String(name), Labels: labels} }
	subjects := rbac.SubjectArray{rbac.SubjectArgs{
		Kind: pulumi.String("ServiceAccount"), Name: account.Metadata.Name().Elem(), Namespace: account.Metadata.Namespace(),
	}}
	role := func(kind string, name pulumi.StringInput) rbac.RoleRefArgs {
		return rbac.RoleRefArgs{ApiGroup: pulumi.String("rbac.authorization.k8s.io"), Kind: pulumi.String(kind), Name: name}
	}
	allow := func(verbs []string, resources ...string) rbac.PolicyRuleArgs {
		return rbac.PolicyRuleArgs{
			ApiGroups: pulumi.StringArray{pulumi.String("")}, Resources: pulumi.ToStringArray(resources), Verbs: pulumi.ToStringArray(verbs),
		}
	}
	read, err := rbac.NewClusterRole(ctx, name, &rbac.ClusterRoleArgs{Metadata: clusterWide(), Rules: rbac.PolicyRuleArray{
		allow([]string{"get"}, "nodes/metrics"), allow([]string{"get", "list", "watch"}, "nodes", "pods"),
	}}, parent)
	if err != nil {
		return nil, err
	}
	reads, err := rbac.NewClusterRoleBinding(ctx, name, &rbac.ClusterRoleBindingArgs{
		Metadata: clusterWide(), RoleRef: role("ClusterRole", read.Metadata.Name().Elem()), Subjects: subjects,
	}, parent)
	if err != nil {
		return nil, err
	}
	delegates := clusterWide()
	delegates.Name = pulumi.String(name + "-delegator")
	delegate, err := rbac.NewClusterRoleBinding(ctx, name+"-delegator", &rbac.ClusterRoleBindingArgs{
		Metadata: delegates, RoleRef: role("ClusterRole", pulumi.String("system:auth-delegator")), Subjects: subjects,
	}, parent)
	if err != nil {
		return nil, err
	}
	front := clusterWide()
	front.Namespace = pulumi.String("kube-system")
	proxy, err := rbac.NewRoleBinding(ctx, name, &rbac.RoleBindingArgs{
		Metadata: front, RoleRef: role("Role", pulumi.String("extension-apiserver-authentication-reader")), Subjects: subjects,
	}, parent)
	return []pulumi.Resource{reads, delegate, proxy}, err
}
