package network

import (
	"maps"
	"slices"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	awsvpc "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
	"github.com/growbin/cluster/internal/testing/recorder"
)

const (
	subnetType      = "aws:ec2/subnet:Subnet"
	gatewayType     = "aws:ec2/internetGateway:InternetGateway"
	routeTableType  = "aws:ec2/routeTable:RouteTable"
	routeType       = "aws:ec2/route:Route"
	associationType = "aws:ec2/routeTableAssociation:RouteTableAssociation"
	natType         = "aws:ec2/natGateway:NatGateway"
	eipType         = "aws:ec2/eip:Eip"
	reservationType = "aws:ec2/subnetCidrReservation:SubnetCidrReservation"
	endpointType    = "aws:ec2/vpcEndpoint:VpcEndpoint"

	image = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
)

// world is the account after the network was built in it.
type world struct {
	*testing.T
	cloud *awssim.Cloud
	mocks *mocks.Mocks
}

// deploy builds the network, with a machine in each subnet: "public-2a", "private-2c" and so on.
func deploy(t *testing.T, args VpcArgs) world {
	t.Helper()
	w := world{T: t, cloud: awssim.New(awssim.Options{})}
	t.Cleanup(w.cloud.Close)
	w.mocks = mocks.New(w.cloud)
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		vpc, err := NewVpc(ctx, "dev", &args)
		if err != nil {
			return err
		}
		return machines(ctx, vpc)
	}, pulumi.WithMocks("project", "stack", w.mocks)))
	return w
}

// machines may send anywhere and be reached from everywhere, as far as their security group goes.
func machines(ctx *pulumi.Context, vpc *Vpc) error {
	group, err := ec2.NewSecurityGroup(ctx, "open", &ec2.SecurityGroupArgs{VpcId: vpc.ID})
	if err != nil {
		return err
	}
	if _, err := awsvpc.NewSecurityGroupEgressRule(ctx, "open", &awsvpc.SecurityGroupEgressRuleArgs{
		SecurityGroupId: group.ID(), IpProtocol: pulumi.String("-1"), CidrIpv4: pulumi.String(anywhere),
	}); err != nil {
		return err
	}
	if _, err := awsvpc.NewSecurityGroupIngressRule(ctx, "open", &awsvpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId: group.ID(), IpProtocol: pulumi.String("-1"), CidrIpv4: pulumi.String(anywhere),
	}); err != nil {
		return err
	}
	ami, err := ssm.LookupParameter(ctx, &ssm.LookupParameterArgs{Name: image})
	if err != nil {
		return err
	}
	for kind, subnets := range map[string]map[string]*ec2.Subnet{"public": vpc.PublicSubnets, "private": vpc.PrivateSubnets} {
		for zone, subnet := range subnets {
			name := kind + "-" + zoneSuffix(zone)
			if _, err := ec2.NewInstance(ctx, name, &ec2.InstanceArgs{
				Ami: pulumi.String(ami.Value), InstanceType: pulumi.String("t3.nano"), SubnetId: subnet.ID(),
				VpcSecurityGroupIds: pulumi.StringArray{group.ID()}, Tags: pulumi.StringMap{"Name": pulumi.String(name)},
			}, pulumi.DependsOn([]pulumi.Resource{vpc})); err != nil { // a public address needs the gateway
				return err
			}
		}
	}
	return nil
}

// of are the registrations of a type, by name.
func (w world) of(token string) map[string]recorder.Registration {
	all := map[string]recorder.Registration{}
	for _, r := range w.mocks.OfType(token) {
		all[r.Name] = r
	}
	return all
}

func (w world) names(token string) []string { return slices.Sorted(maps.Keys(w.of(token))) }

func (w world) internet(machine string) error {
	w.Helper()
	m, err := w.cloud.Machine(machine)
	require.NoError(w, err)
	return m.Internet()
}

func TestNewVpc_PublicSubnets(t *testing.T) {
	w := deploy(t, validArgs())
	for token, want := range map[string][]string{
		typeToken:         {"dev"},
		"aws:ec2/vpc:Vpc": {"dev"},
		gatewayType:       {"dev"},
		subnetType:        {"dev-public-2a", "dev-public-2c"},
		routeTableType:    {"dev-public"},
		routeType:         {"dev-public"},
		associationType:   {"dev-public-2a", "dev-public-2c"},
		endpointType:      {"dev-s3"},
		natType:           nil,
		eipType:           nil,
	} {
		assert.Equal(t, want, w.names(token), token)
	}
	component := w.of(typeToken)["dev"].URN
	for _, token := range []string{"aws:ec2/vpc:Vpc", gatewayType, subnetType, routeTableType, routeType, associationType, endpointType} {
		for _, r := range w.of(token) {
			assert.Equal(t, component, r.Parent, "%s %s", token, r.Name)
			if tags, tagged := r.Inputs["tags"]; tagged {
				assert.Equal(t, map[string]any{"Name": r.Name}, tags.Mappable())
			}
		}
	}
	vpc := w.of("aws:ec2/vpc:Vpc")["dev"].Inputs
	assert.Equal(t, "10.0.0.0/16", vpc["cidrBlock"].StringValue())
	assert.True(t, vpc["enableDnsSupport"].BoolValue())

	subnet := w.of(subnetType)["dev-public-2c"].Inputs
	assert.Equal(t, "10.0.16.0/20", subnet["cidrBlock"].StringValue())
	assert.Equal(t, "ap-northeast-2c", subnet["availabilityZone"].StringValue())
	assert.True(t, subnet["mapPublicIpOnLaunch"].BoolValue())

	for _, machine := range []string{"public-2a", "public-2c"} {
		assert.NoError(t, w.internet(machine))
		assert.NoError(t, w.cloud.Reach(awssim.Internet, awssim.Endpoint(machine), "tcp", 443))
	}
}

// An instance that somebody launches without a group of its own gets the default one.
func TestNewVpc_DefaultGroupReachesNothing(t *testing.T) {
	w := world{T: t, cloud: awssim.New(awssim.Options{})}
	t.Cleanup(w.cloud.Close)
	w.mocks = mocks.New(w.cloud)
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		args := validArgs()
		vpc, err := NewVpc(ctx, "dev", &args)
		if err != nil {
			return err
		}
		ami, err := ssm.LookupParameter(ctx, &ssm.LookupParameterArgs{Name: image})
		if err != nil {
			return err
		}
		for _, name := range []string{"one", "two"} {
			if _, err := ec2.NewInstance(ctx, name, &ec2.InstanceArgs{
				Ami: pulumi.String(ami.Value), InstanceType: pulumi.String("t3.nano"),
				SubnetId: vpc.PublicSubnets[args.Zones[0]].ID(), Tags: pulumi.StringMap{"Name": pulumi.String(name)},
			}, pulumi.DependsOn([]pulumi.Resource{vpc})); err != nil {
				return err
			}
		}
		return nil
	}, pulumi.WithMocks("project", "stack", w.mocks)))
	for _, to := range []awssim.Endpoint{"two", awssim.Internet} {
		assert.Error(t, w.cloud.Reach("one", to, "tcp", 443), to)
	}
}

func TestNewVpc_FlowLog(t *testing.T) {
	args := validArgs()
	assert.Empty(t, deploy(t, args).mocks.OfType("aws:ec2/flowLog:FlowLog"), "a log was not asked for")
	args.FlowLogDays = 30
	w := deploy(t, args)
	group := w.mocks.Only(t, "aws:cloudwatch/logGroup:LogGroup")
	assert.EqualValues(t, 30, group.Value("retentionInDays"))
	log := w.mocks.Only(t, "aws:ec2/flowLog:FlowLog")
	assert.Equal(t, "ALL", log.Value("trafficType"))
	destination := log.Value("logDestination").(string)
	assert.Contains(t, destination, ":log-group:"+group.Value("name").(string))
	policy := w.mocks.Only(t, "aws:iam/rolePolicy:RolePolicy").Value("policy")
	assert.Contains(t, policy, "logs:PutLogEvents")
	assert.Contains(t, policy, destination+":*", "it may write to no other group")
}

func TestNewVpc_S3Endpoint(t *testing.T) {
	for _, args := range []VpcArgs{validArgs(), withPrivate(NATNone)} {
		w := deploy(t, args)
		endpoint := w.of(endpointType)["dev-s3"].Inputs
		assert.Equal(t, "com.amazonaws.ap-northeast-2.s3", endpoint["serviceName"].StringValue())
		assert.Equal(t, "Gateway", endpoint["vpcEndpointType"].StringValue())
		var tables []any
		for _, table := range w.of(routeTableType) {
			tables = append(tables, table.ID)
		}
		assert.ElementsMatch(t, tables, endpoint["routeTableIds"].Mappable())
	}
}

func TestNewVpc_PrivateSubnets(t *testing.T) {
	w := deploy(t, withPrivate(NATNone))
	assert.Equal(t, []string{"dev-private-2a", "dev-private-2c", "dev-public-2a", "dev-public-2c"}, w.names(subnetType))
	assert.Equal(t, []string{"dev-private-2a", "dev-private-2c", "dev-public"}, w.names(routeTableType), "one for each private subnet")
	assert.Equal(t, []string{"dev-private-2a", "dev-private-2c", "dev-public-2a", "dev-public-2c"}, w.names(associationType))
	private := w.of(subnetType)["dev-private-2c"].Inputs
	assert.Equal(t, "10.0.144.0/20", private["cidrBlock"].StringValue())
	assert.Equal(t, "ap-northeast-2c", private["availabilityZone"].StringValue())
	assert.False(t, private["mapPublicIpOnLaunch"].BoolValue())
	for _, zone := range []string{"2a", "2c"} {
		association := w.of(associationType)["dev-private-"+zone].Inputs
		assert.Equal(t, w.of(subnetType)["dev-private-"+zone].ID, association["subnetId"].StringValue())
		assert.Equal(t, w.of(routeTableType)["dev-private-"+zone].ID, association["routeTableId"].StringValue())
	}
	for _, mode := range []NATMode{NATNone, ""} {
		w := deploy(t, withPrivate(mode))
		assert.Empty(t, w.names(natType))
		assert.Empty(t, w.names(eipType), "an address that nothing uses costs money")
		assert.ErrorContains(t, w.internet("private-2a"), "has no route to")
		assert.NoError(t, w.cloud.Reach("public-2a", "private-2c", "tcp", 10250))
	}
}

func TestNewVpc_NATGateways(t *testing.T) {
	for _, tt := range []struct {
		mode NATMode
		// gateways are the NAT gateways, of names the gateway that each private subnet leaves through.
		gateways []string
		of       map[string]string
	}{
		{NATSingle, []string{"dev-nat-2a"}, map[string]string{"2a": "dev-nat-2a", "2c": "dev-nat-2a"}},
		{NATPerZone, []string{"dev-nat-2a", "dev-nat-2c"}, map[string]string{"2a": "dev-nat-2a", "2c": "dev-nat-2c"}},
	} {
		t.Run(string(tt.mode), func(t *testing.T) {
			w := deploy(t, withPrivate(tt.mode))
			assert.Equal(t, tt.gateways, w.names(natType))
			assert.Equal(t, tt.gateways, w.names(eipType))
			for name, nat := range w.of(natType) {
				assert.Equal(t, w.of(subnetType)["dev-public-"+name[len("dev-nat-"):]].ID, nat.Inputs["subnetId"].StringValue())
				assert.Equal(t, w.of(eipType)[name].ID, nat.Inputs["allocationId"].StringValue())
				assert.Contains(t, nat.Dependencies, w.of(gatewayType)["dev"].URN, "it must go before the internet gateway")
			}
			for zone, gateway := range tt.of {
				route := w.of(routeType)["dev-private-"+zone].Inputs
				assert.Equal(t, w.of(natType)[gateway].ID, route["natGatewayId"].StringValue())
				assert.Equal(t, w.of(routeTableType)["dev-private-"+zone].ID, route["routeTableId"].StringValue())
				assert.NoError(t, w.internet("private-"+zone))
				assert.Error(t, w.cloud.Reach(awssim.Internet, awssim.Endpoint("private-"+zone), "tcp", 443), "a NAT gateway lets nobody in")
			}
		})
	}
}

// AWS may give any address to a NAT gateway or to a node, also the one that the control plane asks for later.
func TestNewVpc_ReservedIPs(t *testing.T) {
	args := withPrivate(NATPerZone)
	args.ReservedIPs = []string{"10.0.0.10", "10.0.128.10"}
	w := deploy(t, args)
	assert.Equal(t, []string{"dev-10.0.0.10", "dev-10.0.128.10"}, w.names(reservationType))
	reservation := w.of(reservationType)["dev-10.0.0.10"]
	assert.Equal(t, "10.0.0.10/32", reservation.Value("cidrBlock"))
	assert.Equal(t, "explicit", reservation.Value("reservationType"))
	assert.Equal(t, w.of(subnetType)["dev-public-2a"].ID, reservation.Value("subnetId"))
	assert.Equal(t, w.of(subnetType)["dev-private-2a"].ID, w.of(reservationType)["dev-10.0.128.10"].Value("subnetId"))
	for name, nat := range w.of(natType) {
		assert.Contains(t, nat.Dependencies, reservation.URN, name)
	}
}

func TestNewVpc_InvalidArgs(t *testing.T) {
	args := validArgs()
	args.Region, args.PublicSubnetCIDRs[1] = "", "10.0.0.0/24"
	cloud := awssim.New(awssim.Options{})
	t.Cleanup(cloud.Close)
	recorded := mocks.New(cloud)
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		_, err := NewVpc(ctx, "dev", &args)
		return err
	}, pulumi.WithMocks("project", "stack", recorded))
	require.ErrorContains(t, err, "network dev: Region: not set")
	require.ErrorContains(t, err, `PublicSubnetCIDRs: "10.0.0.0/24" must not overlap 10.0.0.0/20`)
	assert.Empty(t, recorded.All(), "nothing is registered")
}
