package securitygroup

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sort"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	awsvpc "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const typeToken = "kubeadm-aws:securitygroup:SecurityGroups"

// protocols are what a Rule's Protocol may be.
var protocols = []string{"tcp", "udp", "icmp", "-1"}

// SecurityGroupsArgs describes the groups of one VPC and the traffic between them.
type SecurityGroupsArgs struct {
	// VpcID is the VPC the groups belong to.
	VpcID pulumi.StringInput
	// Groups maps each group's name to what its members are for.
	Groups map[string]string
	// Rules are the only ways in. Every group may send anywhere.
	Rules []Rule
}

// SecurityGroups is a set of security groups.
type SecurityGroups struct {
	pulumi.ResourceState

	groups map[string]*ec2.SecurityGroup
}

// GroupID is the identifier of the named group.
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
	for _, group := range sortedKeys(args.Groups) {
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
	return g, ctx.RegisterResourceOutputs(g, pulumi.Map{"groupIds": ids})
}

func newGroup(ctx *pulumi.Context, g *SecurityGroups, name, group string, args *SecurityGroupsArgs) (*ec2.SecurityGroup, error) {
	return ec2.NewSecurityGroup(ctx, name+"-"+group, &ec2.SecurityGroupArgs{
		VpcId:       args.VpcID,
		Name:        pulumi.String(name + "-" + group),
		Description: pulumi.String(args.Groups[group]),
		Tags:        pulumi.StringMap{"Name": pulumi.String(name + "-" + group)},
	}, pulumi.Parent(g))
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

// resourceName is stable under reordering: it is made of what the rule says, not of its place in the list.
func (r Rule) resourceName(firewall, source string) string {
	ports := "all"
	if r.Protocol != "-1" {
		ports = fmt.Sprintf("%s-%d", r.Protocol, r.FromPort)
		if r.ToPort != r.FromPort {
			ports += fmt.Sprintf("-%d", r.ToPort)
		}
	}
	return strings.Join([]string{firewall, r.Group, ports, "from", source}, "-")
}

// Validate returns every problem of the arguments, joined.
func (a *SecurityGroupsArgs) Validate() error {
	var problems []error
	report := func(r Rule, format string, args ...any) {
		problems = append(problems, fmt.Errorf("rule %q: %s", r.Description, fmt.Sprintf(format, args...)))
	}
	known := func(group string) bool { _, ok := a.Groups[group]; return ok }
	for _, r := range a.Rules {
		if !known(r.Group) {
			report(r, "Group is %q; use one of %v", r.Group, sortedKeys(a.Groups))
		}
		for _, from := range r.From {
			if !known(from) {
				report(r, "From names %q; use one of %v", from, sortedKeys(a.Groups))
			}
		}
		if len(r.From)+len(r.FromCIDRs) == 0 {
			report(r, "nobody may send: give From or FromCIDRs")
		}
		for _, cidr := range r.FromCIDRs {
			// EC2 takes a range by its first address only, which for a single host is the host's.
			if prefix, err := netip.ParsePrefix(cidr); err != nil || !prefix.Addr().Is4() || prefix != prefix.Masked() {
				report(r, "FromCIDRs holds %q; give an IPv4 range such as 198.51.100.7/32", cidr)
			}
		}
		if !slices.Contains(protocols, r.Protocol) {
			report(r, "Protocol is %q; use one of %v", r.Protocol, protocols)
		}
		if r.Protocol != "-1" && (r.FromPort < 0 || r.ToPort > 65535 || r.FromPort > r.ToPort) {
			report(r, "ports are %d to %d; give 0 to 65535, the lower first", r.FromPort, r.ToPort)
		}
		if r.Description == "" {
			report(r, "Description of %s %d is empty; say why the traffic is needed", r.Protocol, r.FromPort)
		}
	}
	return errors.Join(problems...)
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
