package securitygroup

import (
	"maps"
	"slices"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
)

const (
	groupType   = "aws:ec2/securityGroup:SecurityGroup"
	ingressType = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	egressType  = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"

	image   = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
	adminIP = "192.0.2.7"
)

// validArgs has two groups that refer to each other, and one of them to itself.
func validArgs() SecurityGroupsArgs {
	return SecurityGroupsArgs{
		Groups: map[string]string{"masters": "Control plane", "workers": "Nodes"},
		Rules: []Rule{
			{Group: "masters", From: []string{"workers", "masters"}, FromCIDRs: []string{adminIP + "/32"}, Protocol: "tcp", FromPort: 6443, ToPort: 6443, Description: "API"},
			{Group: "workers", From: []string{"masters"}, Protocol: "tcp", FromPort: 30000, ToPort: 30010, Description: "Node ports"},
			{Group: "workers", From: []string{"workers"}, Protocol: "-1", Description: "Pods"},
		},
	}
}

// deploy creates the groups in a VPC with one machine for each of its groups, named as the group.
func deploy(t *testing.T, args SecurityGroupsArgs) (*awssim.Cloud, *mocks.Mocks, error) {
	t.Helper()
	cloud := awssim.New(awssim.Options{AdminIP: adminIP})
	t.Cleanup(cloud.Close)
	recorded := mocks.New(cloud)
	return cloud, recorded, pulumi.RunErr(func(ctx *pulumi.Context) error {
		vpc, err := ec2.NewVpc(ctx, "net", &ec2.VpcArgs{CidrBlock: pulumi.String("10.0.0.0/16")})
		if err != nil {
			return err
		}
		args.VpcID = vpc.ID()
		f, err := NewSecurityGroups(ctx, "dev", &args)
		if err != nil {
			return err
		}
		return machines(ctx, vpc, f, slices.Sorted(maps.Keys(args.Groups)))
	}, pulumi.WithMocks("project", "stack", recorded))
}

// machines are public, so that only security groups restrict traffic.
func machines(ctx *pulumi.Context, vpc *ec2.Vpc, f *SecurityGroups, groups []string) error {
	gateway, err := ec2.NewInternetGateway(ctx, "net", &ec2.InternetGatewayArgs{VpcId: vpc.ID()})
	if err != nil {
		return err
	}
	if _, err := ec2.NewRoute(ctx, "net", &ec2.RouteArgs{
		RouteTableId: vpc.MainRouteTableId, DestinationCidrBlock: pulumi.String("0.0.0.0/0"), GatewayId: gateway.ID(),
	}); err != nil {
		return err
	}
	subnet, err := ec2.NewSubnet(ctx, "net", &ec2.SubnetArgs{
		VpcId: vpc.ID(), CidrBlock: pulumi.String("10.0.0.0/24"), MapPublicIpOnLaunch: pulumi.Bool(true),
	}, pulumi.DependsOn([]pulumi.Resource{gateway})) // an address that EC2 gives needs the gateway
	if err != nil {
		return err
	}
	ami, err := ssm.LookupParameter(ctx, &ssm.LookupParameterArgs{Name: image})
	if err != nil {
		return err
	}
	for _, group := range groups {
		if _, err := ec2.NewInstance(ctx, group, &ec2.InstanceArgs{
			Ami: pulumi.String(ami.Value), InstanceType: pulumi.String("t3.nano"), SubnetId: subnet.ID(),
			VpcSecurityGroupIds: pulumi.StringArray{f.GroupID(group)},
			Tags:                pulumi.StringMap{"Name": pulumi.String(group)},
		}); err != nil {
			return err
		}
	}
	return nil
}

// inputs are those of every registration of a type, by name.
func inputs(recorded *mocks.Mocks, token string) map[string]map[string]any {
	all := map[string]map[string]any{}
	for _, r := range recorded.OfType(token) {
		all[r.Name] = r.Inputs.Mappable()
	}
	return all
}

func TestNewSecurityGroups_Resources(t *testing.T) {
	_, recorded, err := deploy(t, validArgs())
	require.NoError(t, err)
	component := recorded.OfType(typeToken)
	require.Len(t, component, 1)
	ids := map[string]string{}
	for _, token := range []string{groupType, ingressType, egressType} {
		for _, r := range recorded.OfType(token) {
			assert.Equal(t, component[0].URN, r.Parent, r.Name)
			ids[r.Name] = r.ID
		}
	}
	groups := inputs(recorded, groupType)
	require.Len(t, groups, 2)
	assert.Equal(t, "Control plane", groups["dev-masters"]["description"])
	assert.Equal(t, "dev-masters", groups["dev-masters"]["name"])
	assert.Equal(t, map[string]any{"Name": "dev-masters"}, groups["dev-masters"]["tags"])
	for _, group := range groups {
		assert.NotContains(t, group, "ingress", "inline rules would undo the rules that are resources")
		assert.NotContains(t, group, "egress")
	}

	out := inputs(recorded, egressType)
	assert.ElementsMatch(t, []string{"dev-masters-out", "dev-workers-out"}, slices.Collect(maps.Keys(out)))
	assert.Equal(t, "0.0.0.0/0", out["dev-workers-out"]["cidrIpv4"])
	assert.Equal(t, "-1", out["dev-workers-out"]["ipProtocol"])

	masters, workers := ids["dev-masters"], ids["dev-workers"]
	assert.Equal(t, map[string]map[string]any{
		"dev-masters-tcp-6443-from-workers": {
			"securityGroupId": masters, "referencedSecurityGroupId": workers, "ipProtocol": "tcp", "fromPort": 6443.0, "toPort": 6443.0, "description": "API",
		},
		"dev-masters-tcp-6443-from-masters": {
			"securityGroupId": masters, "referencedSecurityGroupId": masters, "ipProtocol": "tcp", "fromPort": 6443.0, "toPort": 6443.0, "description": "API",
		},
		"dev-masters-tcp-6443-from-192.0.2.7-32": {
			"securityGroupId": masters, "cidrIpv4": "192.0.2.7/32", "ipProtocol": "tcp", "fromPort": 6443.0, "toPort": 6443.0, "description": "API",
		},
		"dev-workers-tcp-30000-30010-from-masters": {
			"securityGroupId": workers, "referencedSecurityGroupId": masters, "ipProtocol": "tcp", "fromPort": 30000.0, "toPort": 30010.0, "description": "Node ports",
		},
		"dev-workers-all-from-workers": {
			"securityGroupId": workers, "referencedSecurityGroupId": workers, "ipProtocol": "-1", "description": "Pods",
		},
	}, inputs(recorded, ingressType))
}

func TestNewSecurityGroups_Reachability(t *testing.T) {
	cloud, _, err := deploy(t, validArgs())
	require.NoError(t, err)
	for _, way := range []struct {
		from, to awssim.Endpoint
		port     int
		open     bool
	}{
		{"workers", "masters", 6443, true},
		{"masters", "workers", 30010, true},
		{awssim.Admin, "masters", 6443, true},
		{"masters", awssim.Internet, 443, true},
		{"workers", awssim.Internet, 443, true},
		{"workers", "masters", 22, false},
		{"masters", "workers", 30011, false},
		{awssim.Internet, "masters", 6443, false},
		{awssim.Internet, "workers", 30000, false},
		{awssim.Admin, "workers", 30000, false},
	} {
		err := cloud.Reach(way.from, way.to, "tcp", way.port)
		if way.open {
			assert.NoError(t, err)
		} else {
			assert.ErrorContains(t, err, "no ingress rule", "%s to %s on %d", way.from, way.to, way.port)
		}
	}
}

// A rule that moves in the list must not be replaced, which would interrupt its traffic.
func TestRule_OrderIrrelevant(t *testing.T) {
	_, recorded, err := deploy(t, validArgs())
	require.NoError(t, err)
	before := inputs(recorded, ingressType)

	args := validArgs()
	slices.Reverse(args.Rules)
	for i := range args.Rules {
		slices.Reverse(args.Rules[i].From)
	}
	_, recorded, err = deploy(t, args)
	require.NoError(t, err)
	assert.Equal(t, before, inputs(recorded, ingressType))

	args.Rules = args.Rules[1:]
	_, recorded, err = deploy(t, args)
	require.NoError(t, err)
	delete(before, "dev-workers-all-from-workers")
	assert.Equal(t, before, inputs(recorded, ingressType), "one rule less touches no other")
}

func TestRule_ResourceNamesUnique(t *testing.T) {
	names := map[string]bool{}
	for _, rule := range []Rule{
		{Group: "g", Protocol: "tcp", FromPort: 53, ToPort: 53},
		{Group: "g", Protocol: "udp", FromPort: 53, ToPort: 53},
		{Group: "g", Protocol: "tcp", FromPort: 53, ToPort: 54},
		{Group: "g", Protocol: "-1"},
		{Group: "h", Protocol: "-1"},
	} {
		names[rule.resourceName("dev", "g")] = true
	}
	assert.Len(t, names, 5)
}

func TestNewSecurityGroups_InvalidRule(t *testing.T) {
	for _, tt := range []struct {
		want   string
		change func(*Rule)
	}{
		{`.Group: "gone" must be one of [masters workers]`, func(r *Rule) { r.Group = "gone" }},
		{`.From: "gone" must be one of [masters workers]`, func(r *Rule) { r.From = []string{"workers", "gone"} }},
		{".From: not set, must name a group", func(r *Rule) { r.From, r.FromCIDRs = nil, nil }},
		{`.FromCIDRs: "192.0.2.7" must be an IPv4 range`, func(r *Rule) { r.FromCIDRs = []string{"192.0.2.7"} }},
		{`.FromCIDRs: "10.0.0.7/8"`, func(r *Rule) { r.FromCIDRs = []string{"10.0.0.7/8"} }},
		{`.FromCIDRs: "2001:db8::/32"`, func(r *Rule) { r.FromCIDRs = []string{"2001:db8::/32"} }},
		{`.Protocol: "tpc" must be one of [tcp udp icmp -1]`, func(r *Rule) { r.Protocol = "tpc" }},
		{`.FromPort, ToPort: "-1, 6443" must be 0 to 65535`, func(r *Rule) { r.FromPort = -1 }},
		{`.FromPort, ToPort: "6443, 65536"`, func(r *Rule) { r.ToPort = 65536 }},
		{`.FromPort, ToPort: "6444, 6443"`, func(r *Rule) { r.FromPort = 6444 }},
	} {
		t.Run(tt.want, func(t *testing.T) {
			args := validArgs()
			tt.change(&args.Rules[0])
			_, recorded, err := deploy(t, args)
			require.ErrorContains(t, err, `security groups dev: Rules[API]`+tt.want)
			assert.Empty(t, recorded.OfType(typeToken), "nothing is registered")
		})
	}
	args := validArgs()
	args.Rules[0].Description = ""
	_, _, err := deploy(t, args)
	require.ErrorContains(t, err, "Rules[0].Description: not set, must say why")
}

func TestSecurityGroupsArgs_AllProblemsTogether(t *testing.T) {
	args := validArgs()
	args.Rules[0] = Rule{Group: "gone", FromCIDRs: []string{"anywhere"}, From: []string{"lost"}, FromPort: 2, ToPort: 1}
	args.Rules[1].From = nil
	err := args.Validate()
	for _, want := range []string{
		`Group: "gone"`, `From: "lost"`, `FromCIDRs: "anywhere"`, `Protocol: ""`, `ToPort: "2, 1"`, "Rules[0].Description: not set",
		"Rules[Node ports].From: not set",
	} {
		assert.ErrorContains(t, err, want)
	}
	valid := validArgs()
	assert.NoError(t, valid.Validate())
}

// The simulated EC2 rejects inputs that the component does not validate.
func TestNewSecurityGroups_UnknownVpc(t *testing.T) {
	cloud := awssim.New(awssim.Options{})
	t.Cleanup(cloud.Close)
	args := validArgs()
	args.VpcID = pulumi.String("vpc-gone")
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		_, err := NewSecurityGroups(ctx, "dev", &args)
		return err
	}, pulumi.WithMocks("project", "stack", mocks.New(cloud)))
	assert.ErrorContains(t, err, "InvalidVpcID.NotFound")
}

func TestSecurityGroups_GroupID(t *testing.T) {
	_, recorded, err := deploy(t, validArgs())
	require.NoError(t, err)
	for _, group := range []string{"masters", "workers"} {
		made, ok := recorded.Named(groupType, "dev-"+group)
		require.True(t, ok)
		machine, ok := recorded.Named("aws:ec2/instance:Instance", group)
		require.True(t, ok)
		assert.Equal(t, []resource.PropertyValue{resource.NewStringProperty(made.ID)}, machine.Inputs["vpcSecurityGroupIds"].ArrayValue())
	}
}

// EC2 cannot change a description, and refuses to delete a group that instances use.
func TestSecurityGroups_RewordedDescriptionReplacesNoGroup(t *testing.T) {
	_, m, err := deploy(t, validArgs())
	require.NoError(t, err)
	groups := m.OfType(groupType)
	require.Len(t, groups, 2)
	for _, g := range groups {
		assert.Equal(t, []string{"description"}, g.IgnoreChanges, g.Name)
	}
}
