// Package argocd installs Argo CD from its Helm chart, with a repository and a root Application where they are given.
package argocd

import (
	"fmt"

	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const typeToken = "kubeadm-aws:argocd:ArgoCD"

// Address of Argo CD in the cluster. The server speaks plain HTTP without a redirect to HTTPS: a load balancer in front of it
// terminates TLS and must forward HTTP.
const (
	ServerService = "argocd-server"
	ServerPort    = 80
	// HealthPath is the path of a load balancer's health check.
	HealthPath = "/healthz"
)

const adminUser = "admin"

// ArgoCD is an installed Argo CD.
type ArgoCD struct {
	pulumi.ResourceState

	// AdminUser and AdminPassword are the credentials of the administrator; the password is generated, and a secret.
	AdminUser     pulumi.StringOutput `pulumi:"adminUser"`
	AdminPassword pulumi.StringOutput `pulumi:"adminPassword"`
}

// NewArgoCD installs the chart into an existing namespace.
func NewArgoCD(ctx *pulumi.Context, name string, args *ArgoCDArgs, opts ...pulumi.ResourceOption) (*ArgoCD, error) {
	if args == nil {
		args = &ArgoCDArgs{}
	}
	settings := args.withDefaults()
	if err := settings.Validate(); err != nil {
		return nil, fmt.Errorf("argocd %s: %w", name, err)
	}
	a := &ArgoCD{}
	if err := ctx.RegisterComponentResource(typeToken, name, a, opts...); err != nil {
		return nil, fmt.Errorf("argocd %s: %w", name, err)
	}
	// The registration replaces tagged outputs, so they are set after it.
	a.AdminUser = pulumi.String(adminUser).ToStringOutput()
	b := &builder{ctx: ctx, name: name, args: settings, parent: a}
	if err := b.build(); err != nil {
		return nil, fmt.Errorf("argocd %s: %w", name, err)
	}
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{"adminUser": a.AdminUser, "adminPassword": a.AdminPassword})
}

// builder holds the state shared by the steps.
type builder struct {
	ctx    *pulumi.Context
	name   string
	args   *ArgoCDArgs
	parent *ArgoCD
}

func (b *builder) build() error {
	password, err := b.adminPassword()
	if err != nil {
		return err
	}
	b.parent.AdminPassword = pulumi.ToSecret(password.Result).(pulumi.StringOutput)
	release, err := b.release(pulumi.ToSecret(password.BcryptHash).(pulumi.StringOutput))
	if err != nil {
		return err
	}
	secret, err := b.repository()
	if err != nil {
		return err
	}
	return b.rootApplication(release, secret)
}

// adminPassword is hashed where it is generated: its resource keeps one hash, while bcrypt with its random salt would
// make another, and with it a changed release, at each run.
func (b *builder) adminPassword() (*random.RandomPassword, error) {
	password, err := random.NewRandomPassword(b.ctx, b.name+"-admin", &random.RandomPasswordArgs{
		Length:  pulumi.Int(32), // bcrypt reads 72 bytes at most
		Special: pulumi.Bool(false),
		Keepers: pulumi.StringMap{"changed": pulumi.String(b.args.PasswordChanged)},
	}, pulumi.Parent(b.parent))
	if err != nil {
		return nil, fmt.Errorf("generate the admin password: %w", err)
	}
	return password, nil
}
