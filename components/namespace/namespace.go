// Package namespace builds a namespace with its Pod Security level and, optionally, a quota and access to a private registry.
package namespace

import (
	"fmt"
	"slices"
	"strings"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/validation"
)

const typeToken = "kubeadm-aws:namespace:Namespace"

// PodSecurity is a level of the Pod Security Standards, which the API server enforces.
type PodSecurity string

// The levels, from strict to none.
const (
	Restricted PodSecurity = "restricted"
	Baseline   PodSecurity = "baseline"
	Privileged PodSecurity = "privileged"
)

// PolicyVersion is the version of the Pod Security Standards, which change with Kubernetes. A newer Kubernetes refuses no pod that
// this version accepted.
const PolicyVersion = "v1.36"

// podSecurityLabels enforce a level. What the level accepts and Restricted does not is a warning for the client and a note in the
// audit log, except in a namespace where everything is accepted on purpose.
func podSecurityLabels(enforced PodSecurity) pulumi.StringMap {
	noted := Restricted
	if enforced == Privileged {
		noted = Privileged
	}
	labels := pulumi.StringMap{}
	for mode, level := range map[string]PodSecurity{"enforce": enforced, "warn": noted, "audit": noted} {
		labels["pod-security.kubernetes.io/"+mode] = pulumi.String(string(level))
		labels["pod-security.kubernetes.io/"+mode+"-version"] = pulumi.String(PolicyVersion)
	}
	return labels
}

// NamespaceArgs describes a namespace.
type NamespaceArgs struct {
	// PodSecurity is the enforced level; Restricted when empty.
	PodSecurity PodSecurity `pulumi:"podSecurity"`
	// Registry holds the credentials for private images; nil when all images are public.
	Registry *Registry `pulumi:"registry"`
	// Quota limits the pods; nil for no limit.
	Quota *Quota `pulumi:"quota"`
}

// Registry holds the credentials of an image registry.
type Registry struct {
	// Host is the registry's host, e.g. ghcr.io.
	Host string `pulumi:"host"`
	// Username is the name of the registry account.
	Username string `pulumi:"username"`
	// Password is the password or token of the account. It is always stored as a secret.
	Password pulumi.StringInput `pulumi:"password"`
}

// Namespace is one namespace.
type Namespace struct {
	pulumi.ResourceState

	// Name is known once the namespace exists.
	Name pulumi.StringOutput `pulumi:"name"`
	// PullSecret is the name of the Secret to pull images with, nil without a registry.
	PullSecret pulumi.StringInput `pulumi:"pullSecret"`
}

// NewNamespace creates the namespace called name.
func NewNamespace(ctx *pulumi.Context, name string, args *NamespaceArgs, opts ...pulumi.ResourceOption) (*Namespace, error) {
	level := args.PodSecurity
	if level == "" {
		level = Restricted
	}
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("namespace %s: %w", name, err)
	}
	n := &Namespace{}
	if err := ctx.RegisterComponentResource(typeToken, name, n, opts...); err != nil {
		return nil, fmt.Errorf("namespace %s: %w", name, err)
	}
	created, err := core.NewNamespace(ctx, name, &core.NamespaceArgs{
		Metadata: &meta.ObjectMetaArgs{
			Name:   pulumi.String(name),
			Labels: podSecurityLabels(level),
		},
	}, pulumi.Parent(n))
	if err != nil {
		return nil, fmt.Errorf("namespace %s: %w", name, err)
	}
	n.Name = created.Metadata.Name().Elem()
	if args.Quota != nil {
		if err := n.limit(ctx, name, args.Quota); err != nil {
			return nil, fmt.Errorf("namespace %s: quota: %w", name, err)
		}
	}
	if args.Registry != nil {
		if err := n.pullSecret(ctx, name, args.Registry); err != nil {
			return nil, fmt.Errorf("namespace %s: pull secret: %w", name, err)
		}
	}
	return n, ctx.RegisterResourceOutputs(n, pulumi.Map{"name": n.Name})
}

// PullSecretName returns the name of the Secret with the credentials of a namespace's registry, for pods that others define.
func PullSecretName(namespace string) string { return namespace + "-registry" }

// pullSecret lets Pulumi name the Secret: changed credentials make a new one, which the pods then use. Another has a fixed name, and
// nothing of the program depends on it: to replace it, Pulumi deletes it first, and would replace dependents too.
func (n *Namespace) pullSecret(ctx *pulumi.Context, name string, registry *Registry) error {
	config := registry.Password.ToStringOutput().ApplyT(func(password string) (string, error) {
		return dockerConfig(registry.Host, registry.Username, password)
	}).(pulumi.StringOutput)
	create := func(resource string, metadata *meta.ObjectMetaArgs) (*core.Secret, error) {
		return core.NewSecret(ctx, resource, &core.SecretArgs{
			Metadata:   metadata,
			Type:       pulumi.String("kubernetes.io/dockerconfigjson"),
			StringData: pulumi.StringMap{".dockerconfigjson": pulumi.ToSecret(config).(pulumi.StringOutput)},
			Immutable:  pulumi.Bool(true),
		}, pulumi.Parent(n))
	}
	fixed := pulumi.String(PullSecretName(name))
	if _, err := create(name+"-registry-of-others", &meta.ObjectMetaArgs{Name: fixed, Namespace: n.Name}); err != nil {
		return err
	}
	secret, err := create(name+"-registry", &meta.ObjectMetaArgs{Namespace: n.Name})
	if err != nil {
		return err
	}
	n.PullSecret = secret.Metadata.Name().Elem()
	return nil
}

// Validate returns all problems of the arguments, joined.
func (a *NamespaceArgs) Validate() error {
	var problems validation.Problems
	if levels := []PodSecurity{"", Restricted, Baseline, Privileged}; !slices.Contains(levels, a.PodSecurity) {
		problems.Add("PodSecurity", a.PodSecurity, "must be one of %v", levels[1:])
	}
	if a.Registry != nil {
		problems.Include("Registry", a.Registry.validate())
	}
	if a.Quota != nil {
		problems.Include("Quota", a.Quota.validate())
	}
	return problems.Err()
}

func (r *Registry) validate() error {
	var problems validation.Problems
	if r.Host == "" || strings.Contains(r.Host, "/") {
		problems.Add("Host", r.Host, "must be a host, e.g. ghcr.io")
	}
	if r.Username == "" {
		problems.NotSet("Username", "must be the name of the registry account")
	}
	if r.Password == nil {
		problems.NotSet("Password", "must be the password or token of the registry account")
	}
	return problems.Err()
}
