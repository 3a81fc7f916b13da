package loadbalancer

import (
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/network"
	"github.com/growbin/cluster/components/securitygroup"
	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
)

const (
	balancerType    = "aws:lb/loadBalancer:LoadBalancer"
	targetGroupType = "aws:lb/targetGroup:TargetGroup"
	ruleType        = "aws:lb/listenerRule:ListenerRule"
	attachmentType  = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
)

// deployed is a load balancer in front of the instances node-a and node-b.
type deployed struct {
	*testing.T
	cloud *awssim.Cloud
	mocks *mocks.Mocks
	// image is the AMI of the instances.
	image string

	mu   sync.Mutex
	urls map[string]string
}

// routes are those of two APIs and of a tool for two ranges of addresses.
func routes() []Route {
	return []Route{
		{Name: "shop", Host: "api", Path: "/v1/shop", NodePort: 30080, HealthPath: "/ready"},
		{Name: "cart", Host: "api", Path: "/v1/cart", NodePort: 30081, HealthPath: "/ready"},
		{Name: "tool", Host: "tool", NodePort: 30090, HealthPath: "/healthz", FromCIDRs: []string{"203.0.113.0/24", "198.51.100.7/32"}},
	}
}

func deploy(t *testing.T, edit func(*LoadBalancerArgs)) *deployed {
	t.Helper()
	d := &deployed{T: t, cloud: awssim.New(awssim.Options{HostedZones: []string{"example.com"}, AdminIP: "203.0.113.9"}), urls: map[string]string{}}
	t.Cleanup(d.cloud.Close)
	d.mocks, d.image = mocks.New(d.cloud), d.cloud.MakeImage("node", "x86_64", 8)
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error { return d.program(ctx, edit) }, pulumi.WithMocks("project", "stack", d.mocks)))
	return d
}

func (d *deployed) program(ctx *pulumi.Context, edit func(*LoadBalancerArgs)) error {
	zones := []string{"ap-northeast-2a", "ap-northeast-2b"}
	vpc, err := network.NewVpc(ctx, "net", &network.VpcArgs{
		Region: "ap-northeast-2", CIDR: "10.0.0.0/16", Zones: zones, PublicSubnetCIDRs: []string{"10.0.1.0/24", "10.0.2.0/24"},
	})
	if err != nil {
		return err
	}
	groups, err := securitygroup.NewSecurityGroups(ctx, "net", &securitygroup.SecurityGroupsArgs{
		VpcID: vpc.ID.ToStringOutput(), Groups: map[string]string{"web": "Load balancer", "node": "Nodes"},
		Rules: []securitygroup.Rule{
			{Group: "web", FromCIDRs: []string{"0.0.0.0/0"}, Protocol: "tcp", FromPort: 80, ToPort: 80, Description: "HTTP"},
			{Group: "web", FromCIDRs: []string{"0.0.0.0/0"}, Protocol: "tcp", FromPort: 443, ToPort: 443, Description: "HTTPS"},
			{Group: "node", From: []string{"web"}, Protocol: "tcp", FromPort: MinNodePort, ToPort: MaxNodePort, Description: "Node ports"},
		},
	})
	if err != nil {
		return err
	}
	args := &LoadBalancerArgs{
		VpcID: vpc.ID.ToStringOutput(), SecurityGroupIDs: pulumi.StringArray{groups.GroupID("web")},
		Domain: "example.com", Routes: routes(), AnswerSeconds: 300,
	}
	targets := map[string]pulumi.StringInput{}
	for i, name := range []string{"node-a", "node-b"} {
		subnet := vpc.PublicSubnets[zones[i]].ID()
		args.SubnetIDs = append(args.SubnetIDs, subnet)
		node, err := ec2.NewInstance(ctx, name, &ec2.InstanceArgs{
			Ami: pulumi.String(d.image), InstanceType: pulumi.String("t3.small"), SubnetId: subnet,
			VpcSecurityGroupIds: pulumi.StringArray{groups.GroupID("node")}, Tags: pulumi.StringMap{"Name": pulumi.String(name)},
		})
		if err != nil {
			return err
		}
		targets[name] = node.ID()
	}
	for i := range args.Routes {
		args.Routes[i].Targets = targets
	}
	if edit != nil {
		edit(args)
	}
	balancer, err := NewLoadBalancer(ctx, "web", args, pulumi.DependsOn([]pulumi.Resource{vpc}))
	if err != nil {
		return err
	}
	// The program waits for outputs of resources only, so the URLs are read together with one.
	pulumi.All(balancer.URLs, balancer.DNSName).ApplyT(func(resolved []any) any {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.urls = resolved[0].(map[string]string)
		return nil
	})
	return nil
}

func (d *deployed) get(from awssim.Endpoint, url string) awssim.WebAnswer {
	d.Helper()
	answer, err := d.cloud.Request(awssim.WebRequest{From: from, URL: url})
	require.NoError(d, err, url)
	return answer
}

func served(port int) awssim.WebAnswer {
	return awssim.WebAnswer{Targets: []awssim.WebTarget{{Instance: "node-a", Port: port}, {Instance: "node-b", Port: port}}}
}

func TestLoadBalancer_Routes(t *testing.T) {
	d := deploy(t, nil)
	assert.Equal(t, served(30080), d.get(awssim.Internet, "https://api.example.com/v1/shop"))
	assert.Equal(t, served(30080), d.get(awssim.Internet, "https://api.example.com/v1/shop/items/7"))
	assert.Equal(t, served(30081), d.get(awssim.Internet, "https://api.example.com/v1/cart"))
	assert.Equal(t, awssim.WebAnswer{Status: 404}, d.get(awssim.Internet, "https://api.example.com/v1/shopping"), "no prefix of a word")
	assert.Equal(t, awssim.WebAnswer{Status: 404}, d.get(awssim.Internet, "https://tool.example.com/v1/shop"), "another host")
	assert.Equal(t, map[string]string{
		"shop": "https://api.example.com/v1/shop", "cart": "https://api.example.com/v1/cart", "tool": "https://tool.example.com",
	}, d.urls)
}

func TestLoadBalancer_AdministratorsOnly(t *testing.T) {
	d := deploy(t, nil)
	assert.Equal(t, served(30090), d.get(awssim.Admin, "https://tool.example.com/"))
	assert.Equal(t, awssim.WebAnswer{Status: 404}, d.get(awssim.Internet, "https://tool.example.com/"))
}

func TestLoadBalancer_HTTPRedirects(t *testing.T) {
	d := deploy(t, nil)
	want := awssim.WebAnswer{Status: 301, Location: "https://api.example.com/v1/shop"}
	assert.Equal(t, want, d.get(awssim.Internet, "http://api.example.com/v1/shop"))
}

func TestLoadBalancer_WithoutDomain(t *testing.T) {
	d := deploy(t, func(a *LoadBalancerArgs) { a.Domain, a.Routes = "", a.Routes[:2] })
	for _, name := range d.cloud.LoadBalancers() {
		assert.Equal(t, served(30081), d.get(awssim.Internet, "http://"+name+"/v1/cart"))
		assert.Equal(t, "http://"+name+"/v1/cart", d.urls["cart"])
		_, err := d.cloud.Request(awssim.WebRequest{From: awssim.Internet, URL: "https://" + name + "/v1/cart"})
		assert.Error(t, err)
	}
	assert.Empty(t, d.mocks.OfType("aws:acm/certificate:Certificate"))
	assert.Empty(t, d.mocks.OfType("aws:route53/record:Record"))
}

// A subdomain has no zone of its own.
func TestLoadBalancer_HostedZoneOfParent(t *testing.T) {
	d := deploy(t, func(a *LoadBalancerArgs) { a.Domain, a.HostedZone = "dev.example.com", "example.com" })
	assert.Equal(t, served(30080), d.get(awssim.Internet, "https://api.dev.example.com/v1/shop"))
}

// A record of another cluster stays unless it is to be taken over.
func TestLoadBalancer_ReplaceRecords(t *testing.T) {
	for _, replace := range []bool{false, true} {
		d := &deployed{T: t, cloud: awssim.New(awssim.Options{HostedZones: []string{"example.com"}, AdminIP: "203.0.113.9"}), urls: map[string]string{}}
		t.Cleanup(d.cloud.Close)
		d.mocks, d.image = mocks.New(d.cloud), d.cloud.MakeImage("node", "x86_64", 8)
		err := pulumi.RunErr(func(ctx *pulumi.Context) error {
			zone, err := route53.LookupZone(ctx, &route53.LookupZoneArgs{Name: pulumi.StringRef("example.com")})
			if err != nil {
				return err
			}
			old, err := route53.NewRecord(ctx, "old", &route53.RecordArgs{
				ZoneId: pulumi.String(zone.ZoneId), Name: pulumi.String("api.example.com"), Type: pulumi.String("A"), Ttl: pulumi.Int(60),
				Records: pulumi.ToStringArray([]string{"192.0.2.1"}),
			})
			if err != nil {
				return err
			}
			created := make(chan struct{})
			old.ID().ApplyT(func(pulumi.ID) any { close(created); return nil })
			<-created
			return d.program(ctx, func(a *LoadBalancerArgs) { a.ReplaceRecords = replace })
		}, pulumi.WithMocks("project", "stack", d.mocks))
		if !replace {
			require.ErrorContains(t, err, "api.example.com.', type='A'] but it already exists")
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, served(30080), d.get(awssim.Internet, "https://api.example.com/v1/shop"))
	}
}

func TestLoadBalancer_SlowAnswers(t *testing.T) {
	d := deploy(t, nil)
	assert.EqualValues(t, 300, d.mocks.OfType(balancerType)[0].Inputs["idleTimeout"].NumberValue())
	groups := d.mocks.OfType(targetGroupType)
	require.Len(t, groups, 3)
	for _, g := range groups {
		assert.EqualValues(t, 300, g.Inputs["deregistrationDelay"].NumberValue(), g.Name)
	}
	for _, a := range d.mocks.OfType(attachmentType) {
		assert.True(t, a.DeleteBeforeReplace, a.Name)
	}
}

func TestLoadBalancer_CurrentTLSPolicy(t *testing.T) {
	d := deploy(t, nil)
	for _, l := range d.mocks.OfType("aws:lb/listener:Listener") {
		if l.Inputs["protocol"].StringValue() == "HTTPS" {
			assert.Equal(t, tlsPolicy, l.Inputs["sslPolicy"].StringValue())
			return
		}
	}
	t.Error("no HTTPS listener")
}

// Nine ranges and a host take three rules, whose priorities no other route has.
func TestLoadBalancer_ManyRanges(t *testing.T) {
	d := deploy(t, func(a *LoadBalancerArgs) {
		a.Routes[2].FromCIDRs = nil
		for i := range 9 {
			a.Routes[2].FromCIDRs = append(a.Routes[2].FromCIDRs, "203.0.113."+string(rune('1'+i))+"/32")
		}
	})
	priorities := map[float64]string{}
	for _, r := range d.mocks.OfType(ruleType) {
		priority := r.Inputs["priority"].NumberValue()
		assert.Empty(t, priorities[priority], r.Name)
		priorities[priority] = r.Name
	}
	assert.Len(t, priorities, 5)
	assert.Equal(t, served(30090), d.get(awssim.Admin, "https://tool.example.com/"), "203.0.113.9 is in the last rule")
}

func TestLoadBalancer_Invalid(t *testing.T) {
	valid := func() *LoadBalancerArgs {
		a := &LoadBalancerArgs{
			VpcID: pulumi.String("vpc"), SubnetIDs: pulumi.ToStringArray([]string{"a", "b"}), SecurityGroupIDs: pulumi.ToStringArray([]string{"g"}),
			Domain: "example.com", Routes: routes(),
		}
		for i := range a.Routes {
			a.Routes[i].Targets = map[string]pulumi.StringInput{"node": pulumi.String("i-1")}
		}
		return a
	}
	require.NoError(t, valid().Validate())
	for name, test := range map[string]struct {
		edit func(*LoadBalancerArgs)
		want string
	}{
		"VPC":              {func(a *LoadBalancerArgs) { a.VpcID = nil }, "VpcID: not set"},
		"one subnet":       {func(a *LoadBalancerArgs) { a.SubnetIDs = a.SubnetIDs[:1] }, "SubnetIDs: 1 must"},
		"no group":         {func(a *LoadBalancerArgs) { a.SecurityGroupIDs = nil }, "SecurityGroupIDs: not set"},
		"timeout":          {func(a *LoadBalancerArgs) { a.AnswerSeconds = 4000 }, "AnswerSeconds: 4000 must"},
		"domain":           {func(a *LoadBalancerArgs) { a.Domain = "a b" }, `Domain: "a b" must`},
		"zone":             {func(a *LoadBalancerArgs) { a.HostedZone = "example.org" }, `HostedZone: "example.org" must`},
		"no route":         {func(a *LoadBalancerArgs) { a.Routes = nil }, "Routes: not set"},
		"name twice":       {func(a *LoadBalancerArgs) { a.Routes[1].Name = "shop" }, "Routes[shop]: 30081 must"},
		"port twice":       {func(a *LoadBalancerArgs) { a.Routes[1].NodePort = 30080 }, "Routes[cart]: 30080 must"},
		"path twice":       {func(a *LoadBalancerArgs) { a.Routes[1].Path = "/v1/shop" }, "Routes[cart]: 30081 must"},
		"name":             {func(a *LoadBalancerArgs) { a.Routes[0].Name = "A b" }, `Name: "A b" must`},
		"host":             {func(a *LoadBalancerArgs) { a.Routes[0].Host = "" }, `Host: "" must`},
		"path":             {func(a *LoadBalancerArgs) { a.Routes[0].Path = "/v1/*" }, `Path: "/v1/*" must`},
		"no health path":   {func(a *LoadBalancerArgs) { a.Routes[0].HealthPath = "" }, "HealthPath: not set"},
		"node port":        {func(a *LoadBalancerArgs) { a.Routes[0].NodePort = 8080 }, "NodePort: 8080 must"},
		"no target":        {func(a *LoadBalancerArgs) { a.Routes[0].Targets = nil }, "Targets: not set"},
		"range":            {func(a *LoadBalancerArgs) { a.Routes[2].FromCIDRs = []string{"10.0.0.1/8"} }, `FromCIDRs: "10.0.0.1/8" must`},
		"no domain for it": {func(a *LoadBalancerArgs) { a.Domain = "" }, "Routes[tool].Path: not set"},
		"too many ranges": {func(a *LoadBalancerArgs) {
			a.Routes[2].FromCIDRs = strings.Split(strings.Repeat("10.0.0.0/8,", 40)+"10.0.0.0/8", ",")
		}, "FromCIDRs: 41 must"},
	} {
		args := valid()
		test.edit(args)
		assert.ErrorContains(t, args.Validate(), test.want, name)
	}
}

func TestNewLoadBalancer_LimitOfRequests(t *testing.T) {
	d := deploy(t, func(a *LoadBalancerArgs) { a.MaxRequests = 2000 })
	acl := d.mocks.OfType(webACLToken)[0]
	assert.EqualValues(t, 2000, acl.Value("rules.0.statement.rateBasedStatement.limit"))
	association := d.mocks.OfType(webACLAssociationToken)[0]
	assert.Equal(t, d.mocks.OfType(balancerType)[0].ID, association.Value("resourceArn"))
	assert.Empty(t, deploy(t, nil).mocks.OfType(webACLToken))
}
