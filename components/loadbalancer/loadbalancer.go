// Package loadbalancer builds an Application Load Balancer in front of the node ports of a cluster.
//
// Targets are instances with node ports, because a load balancer cannot reach the addresses of an overlay network such as
// VXLAN. Every target forwards to any pod of the service, so that requests arrive while the node of the pods is replaced.
package loadbalancer

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const typeToken = "kubeadm-aws:loadbalancer:LoadBalancer"

// LoadBalancer is an Application Load Balancer with its listeners, rules and target groups.
type LoadBalancer struct {
	pulumi.ResourceState

	// DNSName is the name that AWS gives the load balancer.
	DNSName pulumi.StringOutput `pulumi:"dnsName"`
	// ARNSuffix identifies the load balancer in CloudWatch.
	ARNSuffix pulumi.StringOutput `pulumi:"arnSuffix"`
	// CertificateARN is that of the issued certificate; only with a Domain.
	CertificateARN pulumi.StringOutput `pulumi:"certificateArn"`
	// URLs are the addresses of the routes by name, e.g. https://api.example.com/api/v1.
	URLs pulumi.StringMapOutput `pulumi:"urls"`
}

// NewLoadBalancer creates the load balancer and, with a Domain, its certificate and DNS records. It must depend on the internet
// gateway of the VPC, without which AWS refuses a public load balancer.
func NewLoadBalancer(ctx *pulumi.Context, name string, args *LoadBalancerArgs, opts ...pulumi.ResourceOption) (*LoadBalancer, error) {
	if args == nil {
		args = &LoadBalancerArgs{}
	}
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("load balancer %s: %w", name, err)
	}
	l := &LoadBalancer{}
	if err := ctx.RegisterComponentResource(typeToken, name, l, opts...); err != nil {
		return nil, fmt.Errorf("load balancer %s: %w", name, err)
	}
	given, err := pulumi.NewResourceOptions(opts...)
	if err != nil {
		return nil, fmt.Errorf("load balancer %s: %w", name, err)
	}
	// A component's dependencies do not reach its children.
	b := &builder{ctx: ctx, name: name, args: args, parent: pulumi.Parent(l), after: pulumi.DependsOn(given.DependsOn)}
	if err := b.build(); err != nil {
		return nil, fmt.Errorf("load balancer %s: %w", name, err)
	}
	l.CertificateARN = b.certificateARN
	l.DNSName, l.ARNSuffix, l.URLs = b.balancer.DnsName, b.balancer.ArnSuffix, b.urls().ToStringMapOutput()
	return l, ctx.RegisterResourceOutputs(l, pulumi.Map{"dnsName": l.DNSName, "arnSuffix": l.ARNSuffix, "urls": l.URLs})
}

// builder holds the state shared by the steps.
type builder struct {
	ctx      *pulumi.Context
	name     string
	args     *LoadBalancerArgs
	parent   pulumi.ResourceOrInvokeOption
	after    pulumi.ResourceOption
	balancer *lb.LoadBalancer
	// certificateARN is that of the issued certificate.
	certificateARN pulumi.StringOutput
}

func (b *builder) build() (err error) {
	args := &lb.LoadBalancerArgs{
		Subnets: b.args.SubnetIDs, SecurityGroups: b.args.SecurityGroupIDs,
		// The default of 60 s would end slow answers with 504.
		IdleTimeout: pulumi.Int(b.args.answerSeconds()),
		// Headers that servers parse in different ways can smuggle requests.
		DropInvalidHeaderFields:  pulumi.Bool(true),
		EnableDeletionProtection: pulumi.Bool(b.args.DeletionProtection),
	}
	if b.args.AccessLogs != nil {
		args.AccessLogs = &lb.LoadBalancerAccessLogsArgs{Enabled: pulumi.Bool(true), Bucket: b.args.AccessLogs}
	}
	if b.balancer, err = lb.NewLoadBalancer(b.ctx, b.name, args, b.parent, b.after); err != nil {
		return err
	}
	if err := b.limit(); err != nil {
		return fmt.Errorf("limit of requests: %w", err)
	}
	listener, err := b.listeners()
	if err != nil {
		return err
	}
	for _, r := range b.args.Routes {
		if err := b.route(listener, r); err != nil {
			return fmt.Errorf("route %s: %w", r.Name, err)
		}
	}
	return nil
}

func (b *builder) urls() pulumi.StringMap {
	urls := pulumi.StringMap{}
	for _, r := range b.args.Routes {
		if b.args.Domain == "" {
			urls[r.Name] = pulumi.Sprintf("http://%s%s", b.balancer.DnsName, r.Path)
		} else {
			urls[r.Name] = pulumi.String("https://" + b.args.host(r) + r.Path)
		}
	}
	return urls
}
