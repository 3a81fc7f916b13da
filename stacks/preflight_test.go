package stacks

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
)

// neighbours are instances of the account outside the stack, by type.
type neighbours struct {
	t     *testing.T
	cloud *awssim.Cloud
	mocks *mocks.Mocks
}

// newNeighbours runs a program that starts an instance of each type, tagged as part of the given cluster.
func newNeighbours(t *testing.T, cluster string, types ...string) *neighbours {
	n := &neighbours{t: t, cloud: awssim.New(awssim.Options{})}
	t.Cleanup(n.cloud.Close)
	n.mocks = mocks.New(n.cloud)
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		tags := pulumi.StringMap{clusterTag: pulumi.String(cluster)}
		vpc, err := ec2.NewVpc(ctx, "neighbours", &ec2.VpcArgs{CidrBlock: pulumi.String("10.200.0.0/16"), Tags: tags})
		if err != nil {
			return err
		}
		subnet, err := ec2.NewSubnet(ctx, "neighbours", &ec2.SubnetArgs{
			VpcId: vpc.ID(), CidrBlock: pulumi.String("10.200.0.0/24"), AvailabilityZone: pulumi.String("ap-northeast-2a"),
		})
		if err != nil {
			return err
		}
		image, err := ec2.LookupAmi(ctx, &ec2.LookupAmiArgs{
			Owners: []string{"self"}, Filters: []ec2.GetAmiFilter{{Name: "image-id", Values: []string{n.cloud.MakeImage("neighbour", "x86_64", 8)}}},
		})
		if err != nil {
			return err
		}
		for i, instanceType := range types {
			name := fmt.Sprintf("%s-%d", instanceType, i)
			if _, err := ec2.NewInstance(ctx, name, &ec2.InstanceArgs{
				Ami: pulumi.String(image.Id), InstanceType: pulumi.String(instanceType), SubnetId: subnet.ID(),
				Tags: pulumi.StringMap{"Name": pulumi.String(name), clusterTag: pulumi.String(cluster)},
			}); err != nil {
				return err
			}
		}
		return nil
	}, pulumi.WithMocks("neighbours", "one", n.mocks)))
	return n
}

// vcpus returns the vCPUs on demand that count as used by others.
func (n *neighbours) vcpus(cluster string) int {
	vcpus, _ := n.bothVCPUs(cluster)
	return vcpus
}

// bothVCPUs returns the vCPUs that count as used by others, on demand and spot.
func (n *neighbours) bothVCPUs(cluster string) (vcpus, spot int) {
	require.NoError(n.t, pulumi.RunErr(func(ctx *pulumi.Context) (err error) {
		s := &Settings{Stack: "dev", Region: "ap-northeast-2"}
		provider, err := awsProvider(ctx, s, n.cloud.AccountID())
		if err != nil {
			return err
		}
		vcpus, spot, err = othersVCPU(ctx, cluster, pulumi.Provider(provider))
		return err
	}, pulumi.WithMocks("growbin", "dev", n.mocks)))
	return vcpus, spot
}

// Every size of the model must be counted as EC2 counts it.
func TestOthersVCPU_CountsStandardOnDemandOfOthers(t *testing.T) {
	n := newNeighbours(t, "another", "t3.nano", "t3.medium", "t3.large", "m6i.xlarge", "r6i.2xlarge", "inf1.xlarge", "c6i.xlarge")
	assert.Equal(t, 2+2+2+4+8+4, n.vcpus("growbin-dev"), "inf1 has a quota of its own")
	require.NoError(t, n.cloud.MakeSpot("c6i.xlarge-6"))
	onDemand, spot := n.bothVCPUs("growbin-dev")
	assert.Equal(t, []int{2 + 2 + 2 + 4 + 8, 4}, []int{onDemand, spot}, "spot instances have a quota of their own")
	assert.Zero(t, n.vcpus("another"), "those of the stack itself count with its topology")
}

func TestPreflight_QuotasOfAddressesAndVPCs(t *testing.T) {
	private := map[string]string{
		"nodeSubnets": "private", "natGateways": "perAz", "privateSubnetCidrs": `["10.1.11.0/24","10.1.12.0/24","10.1.13.0/24"]`, "monthlyBudget": "0",
	}
	for _, tt := range []struct {
		quota, want string
		limit       float64
		overrides   map[string]string
	}{
		{addressQuota, "", 1, nil},
		{addressQuota, `the stack needs 1 Elastic IPs but only 0 are left in ap-northeast-2: quota "EC2-VPC Elastic IPs"`, 0, nil},
		{addressQuota, "", 3, private},
		{addressQuota, "the stack needs 3 Elastic IPs but only 2 are left", 2, private},
		{vpcQuota, "", 1, nil},
		{vpcQuota, "the stack needs 1 VPCs but only 0 are left", 0, nil},
	} {
		w, err := tryDeploy(t, "dev", tt.overrides, awssim.Options{Quotas: map[string]float64{tt.quota: tt.limit}})
		if tt.want == "" {
			require.NoError(t, err, "%s %g", tt.quota, tt.limit)
			continue
		}
		require.ErrorContains(t, err, tt.want)
		assertNothingRegistered(t, w)
	}
}

// A version that has no packages would stop the instances minutes after their start. Without an answer nothing is refused.
func TestPreflight_PackageVersion(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/k8s/core:/stable:/v1.36/deb/Packages" {
			http.NotFound(w, r)
			return
		}
		for _, name := range []string{"kubeadm", "kubelet", "kubectl"} {
			fmt.Fprintf(w, "Package: %s\nVersion: 1.36.3-1.1\n\n", name)
		}
	}))
	defer server.Close()
	mirror := fmt.Sprintf(`["kubernetes=%s/k8s"]`, server.URL)
	_, err := tryDeploy(t, "dev", map[string]string{"packageMirrors": mirror, "kubernetesVersion": "1.36.3"}, awssim.Options{})
	require.NoError(t, err)
	w, err := tryDeploy(t, "dev", map[string]string{"packageMirrors": mirror, "kubernetesVersion": "1.36.99"}, awssim.Options{})
	require.ErrorContains(t, err, `KubernetesVersion: "1.36.99" must have the package kubelet 1.36.99-1.1 in `+server.URL+`/k8s/core:/stable:/v1.36/deb/, which has 1.36.3-1.1`)
	assertNothingRegistered(t, w)
	_, err = tryDeploy(t, "dev", map[string]string{"packageMirrors": mirror, "kubernetesVersion": "1.35.4"}, awssim.Options{})
	require.NoError(t, err, "the repository of that minor version does not answer")
}

func TestPreflight_TypeIsNotOffered(t *testing.T) {
	w, err := tryDeploy(t, "dev", nil, awssim.Options{Unoffered: map[string][]string{"ap-northeast-2c": {"t3.small"}}})
	require.ErrorContains(t, err, `topology.k8s-redis.InstanceType: "t3.small" must be a type that AWS offers in ap-northeast-2c; `+
		`it has it only in ap-northeast-2a, ap-northeast-2b, ap-northeast-2d`)
	assert.NotContains(t, err.Error(), "k8s-rabbitmq", "its zone has the type")
	assertNothingRegistered(t, w)
}

// Pods that request more than their node has would stay Pending on machines that exist by then.
func TestPreflight_PodsDoNotFit(t *testing.T) {
	w, err := tryDeploy(t, "dev", map[string]string{"instanceTypes": `["k8s-api-high-traffic=t3.small"]`}, awssim.Options{})
	require.ErrorContains(t, err, `topology.k8s-api-high-traffic.InstanceType: "t3.small" must hold the pods of the node: they request `)
	require.ErrorContains(t, err, "and the type has 1930m and ")
	assert.NotContains(t, err.Error(), "k8s-redis")
	assertNothingRegistered(t, w)
}
