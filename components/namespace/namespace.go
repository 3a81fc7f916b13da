// Package namespace builds a namespace with its Pod Security level and, optionally, access to a private registry.
package namespace

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
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

// NamespaceArgs describes a namespace.
type NamespaceArgs struct {
	// PodSecurity is Restricted when empty.
	PodSecurity PodSecurity
	// Registry is nil when all images are public.
	Registry *Registry
}

// Registry holds the credentials of an image registry.
type Registry struct {
	// Host is the registry's host, for example "ghcr.io".
	Host     string
	Username string
	// Password is kept secret whatever it is made of.
	Password pulumi.StringInput
}

// Namespace is one namespace.
type Namespace struct {
	pulumi.ResourceState

	// Name is known once the namespace exists.
	Name pulumi.StringOutput
	// PullSecret is the name of the Secret to pull images with, nil without a registry.
	PullSecret pulumi.StringInput
}

// NewNamespace creates the namespace called name.
func NewNamespace(ctx *pulumi.Context, name string, args *NamespaceArgs, opts ...pulumi.ResourceOption) (*Namespace, error) {
	level := args.PodSecurity
	if level == "" {
		level = Restricted
	}
	if err := errors.Join(level.validate(), args.Registry.validate()); err != nil {
		return nil, fmt.Errorf("namespace %s: %w", name, err)
	}
	n := &Namespace{}
	if err := ctx.RegisterComponentResource(typeToken, name, n, opts...); err != nil {
		return nil, fmt.Errorf("namespace %s: %w", name, err)
	}
	created, err := corev1.NewNamespace(ctx, name, &corev1.NamespaceArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name:   pulumi.String(name),
			Labels: pulumi.StringMap{"pod-security.kubernetes.io/enforce": pulumi.String(string(level))},
		},
	}, pulumi.Parent(n))
	if err != nil {
		return nil, fmt.Errorf("namespace %s: %w", name, err)
	}
	n.Name = created.Metadata.Name().Elem()
	if args.Registry != nil {
		if err := n.pullSecret(ctx, name, args.Registry); err != nil {
			return nil, fmt.Errorf("namespace %s: pull secret: %w", name, err)
		}
	}
	return n, ctx.RegisterResourceOutputs(n, pulumi.Map{"name": n.Name})
}

// pullSecret lets Pulumi name the Secret: changed credentials make a new one, which the pods then use.
func (n *Namespace) pullSecret(ctx *pulumi.Context, name string, registry *Registry) error {
	config := registry.Password.ToStringOutput().ApplyT(func(password string) (string, error) {
		return dockerConfig(registry.Host, registry.Username, password)
	}).(pulumi.StringOutput)
	secret, err := corev1.NewSecret(ctx, name+"-registry", &corev1.SecretArgs{
		Metadata:   &metav1.ObjectMetaArgs{Namespace: n.Name},
		Type:       pulumi.String("kubernetes.io/dockerconfigjson"),
		StringData: pulumi.StringMap{".dockerconfigjson": pulumi.ToSecret(config).(pulumi.StringOutput)},
		Immutable:  pulumi.Bool(true),
	}, pulumi.Parent(n))
	if err != nil {
		return err
	}
	n.PullSecret = secret.Metadata.Name().Elem()
	return nil
}

func (p PodSecurity) validate() error {
	if levels := []PodSecurity{Restricted, Baseline, Privileged}; !slices.Contains(levels, p) {
		return fmt.Errorf("field PodSecurity is %q; use one of %v", string(p), levels)
	}
	return nil
}

func (r *Registry) validate() error {
	if r == nil {
		return nil
	}
	var problems []error
	if r.Host == "" || strings.Contains(r.Host, "/") {
		problems = append(problems, fmt.Errorf("field Registry.Host is %q; give a host such as ghcr.io", r.Host))
	}
	if r.Username == "" {
		problems = append(problems, errors.New("field Registry.Username is empty; give the registry's user name"))
	}
	if r.Password == nil {
		problems = append(problems, errors.New("field Registry.Password is missing; give the registry's password or token"))
	}
	return errors.Join(problems...)
}
