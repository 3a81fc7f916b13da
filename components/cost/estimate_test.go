package cost

import (
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/capacity"
)

const seoul = "ap-northeast-2"

func TestPrices_AreFromThisYear(t *testing.T) {
	prices, err := ReadPrices(seoul)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), prices.Date, 365*24*time.Hour, "look the prices up again, and change the date in prices.yaml")
}

func TestPrices_EveryPriceHasASourceAndAnInstanceTypeItsPrice(t *testing.T) {
	prices, err := ReadPrices(seoul)
	require.NoError(t, err)
	for key, price := range prices.byKey {
		assert.Positive(t, price.USD, key)
		assert.NotEmpty(t, price.Unit, key)
		assert.Contains(t, []string{SourceList, SourceAssumed}, price.Source, key)
	}
	for _, name := range capacity.InstanceTypeNames() {
		assert.Contains(t, prices.byKey, "instance/"+name)
	}
	_, err = ReadPrices("us-east-1")
	assert.ErrorContains(t, err, `region: "us-east-1" must have prices`)
}

func TestTypes_PricedOrFreeWithAReason(t *testing.T) {
	for token, reason := range freeTypes {
		assert.NotEmpty(t, reason, token)
		assert.NotContains(t, pricedTypes, token)
	}
}

func props(values map[string]any) resource.PropertyMap { return resource.NewPropertyMapFromMap(values) }

func machine(values map[string]any) Resource {
	all := map[string]any{
		"instanceType": "t3.medium", "rootBlockDevice": map[string]any{"volumeType": "gp3", "volumeSize": 30.0},
	}
	for key, value := range values {
		if all[key] = value; value == nil {
			delete(all, key)
		}
	}
	return Resource{Type: instanceType, Name: "web", URN: "urn:web", Inputs: props(all), Uses: map[string][]string{"subnetId": {"urn:subnet"}}}
}

func subnet(public bool) Resource {
	return Resource{Type: "aws:ec2/subnet:Subnet", Name: "subnet", URN: "urn:subnet", Inputs: props(map[string]any{"mapPublicIpOnLaunch": public})}
}

// amounts are those of a table by item, as bought.
func amounts(t *testing.T, args Stack) map[string]string {
	t.Helper()
	args.Name, args.Region = "dev", seoul
	usage := Usage{UsageInternetGiB: 0, UsageZonesGiB: 0}
	for key, value := range args.Usage {
		usage[key] = value
	}
	args.Usage = usage
	table, err := Estimate(args)
	require.NoError(t, err)
	out := map[string]string{}
	var sum Cents
	for _, l := range table.Lines {
		out[l.Item] = l.Bought.String()
		sum += l.Bought
	}
	assert.Equal(t, sum, table.Bought())
	return out
}

func TestEstimate_Instance(t *testing.T) {
	idle := Usage{"load/web": 0.2}
	spot := map[string]any{"instanceMarketOptions": map[string]any{"marketType": "spot"}}
	for name, test := range map[string]struct {
		args Stack
		want map[string]string
	}{
		"private": {Stack{Usage: idle, Resources: []Resource{machine(nil), subnet(false)}},
			map[string]string{"t3.medium": "37.96", "root disk": "2.74"}},
		"public": {Stack{Usage: idle, Resources: []Resource{machine(nil), subnet(true)}},
			map[string]string{"t3.medium": "37.96", "root disk": "2.74", "public IPv4": "3.65"}},
		"detailed monitoring": {Stack{Usage: idle, Resources: []Resource{machine(map[string]any{"monitoring": true}), subnet(false)}},
			map[string]string{"t3.medium": "37.96", "root disk": "2.74", "detailed monitoring": "2.10"}},
		"Elastic IP in place of the assigned address": {Stack{Usage: idle, Resources: []Resource{
			machine(nil), subnet(true), {Type: "aws:ec2/eip:Eip", Name: "web"},
			{Type: associationType, Name: "web", Uses: map[string][]string{"instanceId": {"urn:web"}}},
		}}, map[string]string{"t3.medium": "37.96", "root disk": "2.74", "public IPv4": "3.65"}},
		// 0.75 - 0.2 of 2 vCPUs, 730 hours, 0.05 USD
		"above the baseline": {Stack{Usage: Usage{"load/web": 0.75}, Resources: []Resource{machine(nil), subnet(false)}},
			map[string]string{"t3.medium": "37.96", "root disk": "2.74", "CPU credits": "40.15"}},
		"slowed down": {Stack{Resources: []Resource{machine(map[string]any{"creditSpecification": map[string]any{"cpuCredits": "standard"}}), subnet(false)}},
			map[string]string{"t3.medium": "37.96", "root disk": "2.74"}},
		"not burstable": {Stack{Resources: []Resource{machine(map[string]any{"instanceType": "m6i.large"}), subnet(false)}},
			map[string]string{"m6i.large": "86.14", "root disk": "2.74"}},
		"spot": {Stack{Usage: idle, Resources: []Resource{machine(spot), subnet(false)}},
			map[string]string{"t3.medium": "13.67", "root disk": "2.74"}},
		"savings plan": {Stack{Usage: idle, Resources: []Resource{machine(nil), subnet(false)}, Commitments: map[string]string{"web": "savingsPlan1y"}},
			map[string]string{"t3.medium": "23.91", "root disk": "2.74"}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, amounts(t, test.args)) })
	}
}

// A stopped instance is not billed, nor the address that AWS gave it; disks and an Elastic IP are.
func TestEstimate_Asleep(t *testing.T) {
	disk := Resource{Type: "aws:ebs/volume:Volume", Name: "d", Inputs: props(map[string]any{"size": 40.0, "type": "gp3"})}
	address := Resource{Type: "aws:ec2/eip:Eip", Name: "elastic"}
	table, err := Estimate(Stack{
		Name: "dev", Region: seoul, Resources: []Resource{machine(nil), subnet(true), disk, address},
		Usage: Usage{"load/web": 0.75, UsageAwake: 0.25, UsageInternetGiB: 100, UsageZonesGiB: 0},
	})
	require.NoError(t, err)
	bought := map[string]string{}
	for _, l := range table.Lines {
		bought[l.Resource+" "+l.Item] = l.Bought.String()
	}
	assert.Equal(t, map[string]string{
		"web t3.medium": "9.49", "web public IPv4": "0.91", "web CPU credits": "10.04", "web root disk": "2.74", "d data disk": "3.65",
		"elastic public IPv4": "3.65", "data transfer to the internet": "12.60",
	}, bought)
	assert.Equal(t, "7.54", table.BilledAsleep().String(), "three quarters of 2.74, 3.65 and 3.65, each rounded")
	assert.Equal(t, "61.32", table.Saved().String(), "three times 9.49, 0.91 and 10.04")
	var text strings.Builder
	require.NoError(t, table.Print(&text))
	assert.Contains(t, text.String(), "75 % of the month")
	always, err := Estimate(Stack{Name: "dev", Region: seoul, Resources: []Resource{machine(nil), subnet(true)}, Usage: Usage{"load/web": 0.75, UsageInternetGiB: 0, UsageZonesGiB: 0}})
	require.NoError(t, err)
	assert.Zero(t, always.BilledAsleep()+always.Saved())
}

func TestEstimate_OtherResources(t *testing.T) {
	unknown := resource.MakeComputed(resource.NewProperty(""))
	balancer := Resource{Type: "aws:lb/loadBalancer:LoadBalancer", Name: "web", Inputs: resource.PropertyMap{
		"subnets": resource.NewProperty([]resource.PropertyValue{unknown, unknown, unknown}),
	}}
	for _, test := range []struct {
		r     Resource
		usage Usage
		want  map[string]string
	}{
		{Resource{Type: "aws:ebs/volume:Volume", Name: "d", Inputs: props(map[string]any{"size": 40.0, "type": "gp3"})}, nil, map[string]string{"data disk": "3.65"}},
		{Resource{Type: "aws:ec2/natGateway:NatGateway", Name: "n"}, Usage{"natGiB/n": 100}, map[string]string{"NAT gateway": "43.07", "NAT data": "5.90"}},
		{Resource{Type: "aws:ec2/vpcEndpoint:VpcEndpoint", Name: "s3"}, nil, map[string]string{}},
		{Resource{Type: "aws:ec2/vpcEndpoint:VpcEndpoint", Name: "ssm", Inputs: props(map[string]any{"vpcEndpointType": "Interface"}),
			Uses: map[string][]string{"subnetIds": {"a", "b"}}}, nil, map[string]string{"interface endpoint": "18.98"}},
		{balancer, Usage{"capacityUnits": 2}, map[string]string{"load balancer": "16.43", "capacity units": "11.68", "public IPv4": "10.95"}},
		{Resource{Type: "aws:s3/bucketV2:BucketV2", Name: "b"}, Usage{"bucketGiB": 100, "bucketWrites": 100_000, "bucketReads": 1_000_000},
			map[string]string{"storage": "2.50", "writes": "0.45", "reads": "0.35"}},
		{Resource{Type: "aws:kms/key:Key", Name: "k"}, nil, map[string]string{"key": "1.00"}},
		{Resource{Type: "aws:dlm/lifecyclePolicy:LifecyclePolicy", Name: "p"}, Usage{"snapshotGiB": 100}, map[string]string{"snapshots": "5.00"}},
		{Resource{Type: "aws:wafv2/webAcl:WebAcl", Name: "w", Inputs: props(map[string]any{"rules": []any{map[string]any{}}})},
			Usage{"webRequests": 1e6}, map[string]string{"web ACL": "5.00", "rules": "1.00", "requests": "0.60"}},
	} {
		assert.Equal(t, test.want, amounts(t, Stack{Resources: []Resource{test.r}, Usage: test.usage}), test.r.Type)
	}
	assert.Equal(t, map[string]string{"to the internet": "12.60", "between zones": "4.00"},
		amounts(t, Stack{Usage: Usage{UsageInternetGiB: 100, UsageZonesGiB: 200}}))
}

func TestEstimate_AllProblemsTogether(t *testing.T) {
	_, err := Estimate(Stack{Name: "dev", Region: seoul, Usage: Usage{UsageZonesGiB: 0}, Resources: []Resource{
		{Type: "kubernetes:apps/v1:Deployment", Name: "free"},
		{Type: "aws:rds/instance:Instance", Name: "database"},
		{Type: "gcp:compute/instance:Instance", Name: "elsewhere"},
		{Type: "aws:s3/bucketV2:BucketV2", Name: "images"},
		{Type: "aws:ebs/volume:Volume", Name: "fast", Inputs: props(map[string]any{"size": 40.0, "type": "io2", "iops": 9000.0})},
		{Type: "aws:ec2/vpcEndpoint:VpcEndpoint", Name: "endpoint", Inputs: props(map[string]any{"vpcEndpointType": "GatewayLoadBalancer"})},
		{Type: "aws:lb/loadBalancer:LoadBalancer", Name: "balancer", Inputs: props(map[string]any{"loadBalancerType": "network"})},
		machine(map[string]any{"instanceType": "t3.tiny", "rootBlockDevice": nil}),
	}})
	for _, part := range []string{
		`database: "aws:rds/instance:Instance" must be a type that components/cost prices`, `elsewhere: "gcp:`,
		"Usage[bucketGiB/images]: not set", "fast.iops: ", `fast.price: "volume/io2"`, "Usage[internetGiB/data transfer]",
		`endpoint.vpcEndpointType: "GatewayLoadBalancer"`, `balancer.loadBalancerType: "network"`, "balancer.subnets: not set",
		`web.price: "instance/t3.tiny"`, "web.rootBlockDevice: not set", "web.subnetId: not set",
	} {
		assert.ErrorContains(t, err, part)
	}
	assert.NotContains(t, err.Error(), "free:")
	_, err = Estimate(Stack{Region: seoul, Usage: Usage{UsageZonesGiB: 0, UsageInternetGiB: 0}, Resources: []Resource{machine(nil), subnet(true)},
		Commitments: map[string]string{"web": "gift"}})
	assert.ErrorContains(t, err, "Usage[load/web]: not set")
	assert.ErrorContains(t, err, `web.price: "share/gift"`)
}
