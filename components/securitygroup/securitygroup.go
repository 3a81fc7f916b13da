package securitygroup

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	awsvpc "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/validation"
)

const typeToken = "kubeadm-aws:securitygroup:SecurityGroups"

// protocols are the valid values of Rule.Protocol.
var protocols = []string{"tcp", "udp", "icmp", "-1"}

// SecurityGroupsArgs describes the groups of one VPC and the traffic between them.
type SecurityGroupsArgs struct {
	// VpcID is the VPC of the groups.
	VpcID pulumi.StringInput `pulumi:"vpcId"`
	// Groups maps the name of each group to its description in EC2.
	Groups map[string]string `pulumi:"groups"`
	// Rules allow inbound traffic; everything else is denied. Outbound traffic is allowed to any address.
	Rules []Rule `pulumi:"rules"`
}

// SecurityGroups is a set of security groups.
type SecurityGroups struct {
	pulumi.ResourceState

	// GroupIDs are EC2's identifiers, sg-…, by the name of the group.
	GroupIDs pulumi.StringMapOutput `pulumi:"groupIds"`

	groups map[string]*ec2.SecurityGroup
}

// GroupID returns the identifier of the named group.
func (g *SecurityGroups) GroupID(name string) pulumi.StringInput { return g.groups[name].ID() }

// NewSecurityGroups creates the groups first and each rule as a resource of its own, so that groups may refer to
// each other without a cycle and one rule's change touches no other.
func NewSecurityGroups(ctx *pulumi.Context, name string, args *SecurityGroupsArgs, opts ...pulumi.ResourceOption) (*SecurityGroups, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("security groups %s: %w", name, err)
	}
	g := &SecurityGroups{groups: map[string]*ec2.SecurityGroup{}}
	if err := ctx.RegisterComponentResource(typeToken, name, g, opts...); err != nil {
		return nil, fmt.Errorf("security groups %s: %w", name, err)
	}
	ids := pulumi.StringMap{}
	for _, group := range slices.Sorted(maps.Keys(args.Groups)) {
		created, err := newGroup(ctx, g, name, group, args)
		if err != nil {
			return nil, fmt.Errorf("security groups %s: group %s: %w", name, group, err)
		}
		g.groups[group] = created
		ids[group] = created.ID()
		if err := allowOut(ctx, g, name, group); err != nil {
			return nil, fmt.Errorf("security groups %s: group %s: %w", name, group, err)
		}
	}
	for _, rule := range args.Rules {
		if err := g.allowIn(ctx, name, rule); err != nil {
			return nil, fmt.Errorf("security groups %s: rule %q: %w", name, rule.Description, err)
		}
	}
	g.GroupIDs = ids.ToStringMapOutput()
	return g, ctx.RegisterResourceOutputs(g, pulumi.Map{"groupIds": g.GroupIDs})
}

func newGroup(ctx *pulumi.Context, g *SecurityGroups, name, group string, args *SecurityGroupsArgs) (*ec2.SecurityGroup, error) {
	return ec2.NewSecurityGroup(ctx, name+"-"+group, &ec2.SecurityGroupArgs{
		VpcId:       args.VpcID,
		Name:        pulumi.String(name + "-" + group),
		Description: pulumi.String(args.Groups[group]),
		Tags:        pulumi.StringMap{"Name": pulumi.String(name + "-" + group)},
	}, pulumi.Parent(g),
		// EC2 cannot change a description: a reworded one would replace a group that instances use, which EC2 refuses.
		pulumi.IgnoreChanges([]string{"description"}))
}

// allowOut is needed because the provider removes the allow-all egress rule that EC2 gives a new group.
func allowOut(ctx *pulumi.Context, g *SecurityGroups, name, group string) error {
	_, err := awsvpc.NewSecurityGroupEgressRule(ctx, name+"-"+group+"-out", &awsvpc.SecurityGroupEgressRuleArgs{
		SecurityGroupId: g.groups[group].ID(),
		IpProtocol:      pulumi.String("-1"),
		CidrIpv4:        pulumi.String("0.0.0.0/0"),
		Description:     pulumi.String("Packages, images, AWS APIs and the other nodes"),
	}, pulumi.Parent(g))
	return err
}

// allowIn creates one resource per source of the rule.
func (g *SecurityGroups) allowIn(ctx *pulumi.Context, name string, rule Rule) error {
	create := func(source string, set func(*awsvpc.SecurityGroupIngressRuleArgs)) error {
		args := &awsvpc.SecurityGroupIngressRuleArgs{
			SecurityGroupId: g.groups[rule.Group].ID(),
			IpProtocol:      pulumi.String(rule.Protocol),
			Description:     pulumi.String(rule.Description),
		}
		if rule.Protocol != "-1" {
			args.FromPort, args.ToPort = pulumi.Int(rule.FromPort), pulumi.Int(rule.ToPort)
		}
		set(args)
		_, err := awsvpc.NewSecurityGroupIngressRule(ctx, rule.resourceName(name, source), args, pulumi.Parent(g))
		return err
	}
	for _, group := range rule.From {
		if err := create(group, func(a *awsvpc.SecurityGroupIngressRuleArgs) {
			a.ReferencedSecurityGroupId = g.groups[group].ID()
		}); err != nil {
			return err
		}
	}
	for _, cidr := range rule.FromCIDRs {
		if err := create(strings.ReplaceAll(cidr, "/", "-"), func(a *awsvpc.SecurityGroupIngressRuleArgs) {
			a.CidrIpv4 = pulumi.String(cidr)
		}); err != nil {
			return err
		}
	}
	return nil
}

// resourceName depends on the content of the rule, not on its index, so that reordering replaces nothing.
func (r Rule) resourceName(parent, source string) string {
	ports := "all"
	if r.Protocol != "-1" {
		ports = fmt.Sprintf("%s-%d", r.Protocol, r.FromPort)
		if r.ToPort != r.FromPort {
			ports += fmt.Sprintf("-%d", r.ToPort)
		}
	}
	return strings.Join([]string{parent, r.Group, ports, "from", source}, "-")
}

// Validate returns all problems of the arguments, joined.
func (a *SecurityGroupsArgs) Validate() error {
	var problems validation.Problems
	for i, rule := range a.Rules {
		field := fmt.Sprintf("Rules[%d]", i)
		if rule.Description != "" {
			field = fmt.Sprintf("Rules[%s]", rule.Description)
		}
		problems.Include(field, rule.validate(slices.Sorted(maps.Keys(a.Groups))))
	}
	return problems.Err()
}

func (r Rule) validate(groups []string) error {
	var problems validation.Problems
	if !slices.Contains(groups, r.Group) {
		problems.Add("Group", r.Group, "must be one of %v", groups)
	}
	for _, from := range r.From {
		if !slices.Contains(groups, from) {
			problems.Add("From", from, "must be one of %v", groups)
		}
	}
	if len(r.From)+len(r.FromCIDRs) == 0 {
		problems.NotSet("From", "must name a group unless FromCIDRs holds a range")
	}
	for _, cidr := range r.FromCIDRs {
		// EC2 accepts a range by its first address only, which for a single host is the host's.
		if prefix, err := netip.ParsePrefix(cidr); err != nil || !prefix.Addr().Is4() || prefix != prefix.Masked() {
			problems.Add("FromCIDRs", cidr, "must be an IPv4 range, e.g. 198.51.100.7/32")
		}
	}
	if !slices.Contains(protocols, r.Protocol) {
		problems.Add("Protocol", r.Protocol, "must be one of %v", protocols)
	}
	if r.Protocol != "-1" && (r.FromPort < 0 || r.ToPort > 65535 || r.FromPort > r.ToPort) {
		problems.Add("FromPort, ToPort", fmt.Sprintf("%d, %d", r.FromPort, r.ToPort), "must be 0 to 65535, the lower first")
	}
	if r.Description == "" {
		problems.NotSet("Description", "must say why the traffic is needed")
	}
	return problems.Err()
}
