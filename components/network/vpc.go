// Package network builds the VPC of a cluster.
package network

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const typeToken = "kubeadm-aws:network:Vpc"

// Vpc is a VPC with its subnets by zone and their routes.
type Vpc struct {
	pulumi.ResourceState

	// ID is the VPC's identifier.
	ID pulumi.IDOutput `pulumi:"vpcId"`
	// Resource is the VPC itself.
	Resource *ec2.Vpc `pulumi:"resource"`
	// PublicSubnets and PrivateSubnets are keyed by availability zone. Instances in a public subnet get a public address.
	PublicSubnets  map[string]*ec2.Subnet `pulumi:"publicSubnets"`
	PrivateSubnets map[string]*ec2.Subnet `pulumi:"privateSubnets"`
}

// NewVpc creates the VPC, its subnets, internet gateway, routes, NAT gateways, a gateway endpoint for S3 and, if it is wanted, a
// flow log. It removes all rules from the default security group.
func NewVpc(ctx *pulumi.Context, name string, args *VpcArgs, opts ...pulumi.ResourceOption) (*Vpc, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("network %s: %w", name, err)
	}
	v := &Vpc{PublicSubnets: map[string]*ec2.Subnet{}, PrivateSubnets: map[string]*ec2.Subnet{}}
	if err := ctx.RegisterComponentResource(typeToken, name, v, opts...); err != nil {
		return nil, fmt.Errorf("network %s: %w", name, err)
	}
	b := &builder{ctx: ctx, name: name, args: args, vpc: v}
	if err := b.build(); err != nil {
		return nil, fmt.Errorf("network %s: %w", name, err)
	}
	return v, ctx.RegisterResourceOutputs(v, pulumi.Map{"vpcId": v.ID})
}

// builder holds the state shared by the steps.
type builder struct {
	ctx         *pulumi.Context
	name        string
	args        *VpcArgs
	vpc         *Vpc
	gateway     *ec2.InternetGateway
	routeTables pulumi.StringArray
	// reservations come before every resource that gets any address of a public subnet.
	reservations []pulumi.Resource
}

func (b *builder) parent() pulumi.ResourceOption { return pulumi.Parent(b.vpc) }

func (b *builder) tags(suffix string) pulumi.StringMap {
	return pulumi.StringMap{"Name": pulumi.String(b.name + suffix)}
}

func (b *builder) build() error {
	vpc, err := ec2.NewVpc(b.ctx, b.name, &ec2.VpcArgs{
		CidrBlock:        pulumi.String(b.args.CIDR),
		EnableDnsSupport: pulumi.Bool(true),
		Tags:             b.tags(""),
	}, b.parent())
	if err != nil {
		return err
	}
	b.vpc.Resource, b.vpc.ID = vpc, vpc.ID()
	// The group that an instance gets without a group of its own: it has no rules, so such an instance reaches nothing.
	if _, err := ec2.NewDefaultSecurityGroup(b.ctx, b.name, &ec2.DefaultSecurityGroupArgs{
		VpcId: vpc.ID(), Tags: b.tags("-default"),
	}, b.parent()); err != nil {
		return err
	}
	if err := b.flowLog(); err != nil {
		return err
	}
	if b.gateway, err = ec2.NewInternetGateway(b.ctx, b.name, &ec2.InternetGatewayArgs{
		VpcId: vpc.ID(), Tags: b.tags(""),
	}, b.parent()); err != nil {
		return err
	}
	if err := b.publicSubnets(); err != nil {
		return err
	}
	if err := b.privateSubnets(); err != nil {
		return err
	}
	return b.s3Endpoint()
}

// s3Endpoint keeps traffic to S3 inside AWS; a gateway endpoint costs nothing.
func (b *builder) s3Endpoint() error {
	_, err := ec2.NewVpcEndpoint(b.ctx, b.name+"-s3", &ec2.VpcEndpointArgs{
		VpcId:           b.vpc.ID,
		ServiceName:     pulumi.Sprintf("com.amazonaws.%s.s3", b.args.Region),
		VpcEndpointType: pulumi.String("Gateway"),
		RouteTableIds:   b.routeTables,
		Tags:            b.tags("-s3"),
	}, b.parent())
	return err
}
