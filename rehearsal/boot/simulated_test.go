package boot

import (
	"context"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ebs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	awsvpc "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
)

// twoMachines makes a network without a way to the internet, and two machines in it that reach each other on 6443
// only. The first has a data volume.
func twoMachines(ctx *pulumi.Context) error {
	provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String("ap-northeast-2")})
	if err != nil {
		return err
	}
	opts := []pulumi.ResourceOption{pulumi.Provider(provider)}
	vpc, err := ec2.NewVpc(ctx, "net", &ec2.VpcArgs{CidrBlock: pulumi.String("10.0.0.0/16")}, opts...)
	if err != nil {
		return err
	}
	subnet, err := ec2.NewSubnet(ctx, "net", &ec2.SubnetArgs{
		VpcId: vpc.ID(), CidrBlock: pulumi.String("10.0.0.0/24"), AvailabilityZone: pulumi.String("ap-northeast-2a"),
	}, opts...)
	if err != nil {
		return err
	}
	group, err := apiGroup(ctx, vpc, opts)
	if err != nil {
		return err
	}
	image, err := ssm.LookupParameter(ctx, &ssm.LookupParameterArgs{
		Name: "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
	}, pulumi.Provider(provider))
	if err != nil {
		return err
	}
	machines := map[string]*ec2.Instance{}
	for _, name := range []string{"master", "worker"} {
		machines[name], err = ec2.NewInstance(ctx, name, &ec2.InstanceArgs{
			Ami: pulumi.String(image.Value), InstanceType: pulumi.String("t3.small"), SubnetId: subnet.ID(),
			VpcSecurityGroupIds: pulumi.StringArray{group.ID()}, UserDataBase64: pulumi.String("I2Nsb3VkLWNvbmZpZw=="),
			RootBlockDevice: &ec2.InstanceRootBlockDeviceArgs{VolumeSize: pulumi.Int(23)},
			Tags:            pulumi.StringMap{"Name": pulumi.String(name)},
		}, opts...)
		if err != nil {
			return err
		}
	}
	volume, err := ebs.NewVolume(ctx, "data", &ebs.VolumeArgs{AvailabilityZone: pulumi.String("ap-northeast-2a"), Size: pulumi.Int(10)}, opts...)
	if err != nil {
		return err
	}
	_, err = ec2.NewVolumeAttachment(ctx, "data", &ec2.VolumeAttachmentArgs{
		DeviceName: pulumi.String("/dev/sdf"), InstanceId: machines["master"].ID(), VolumeId: volume.ID(),
	}, opts...)
	return err
}

// apiGroup lets its members reach each other on 6443.
func apiGroup(ctx *pulumi.Context, vpc *ec2.Vpc, opts []pulumi.ResourceOption) (*ec2.SecurityGroup, error) {
	group, err := ec2.NewSecurityGroup(ctx, "nodes", &ec2.SecurityGroupArgs{VpcId: vpc.ID()}, opts...)
	if err != nil {
		return nil, err
	}
	if _, err := awsvpc.NewSecurityGroupIngressRule(ctx, "api", &awsvpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId: group.ID(), ReferencedSecurityGroupId: group.ID(),
		IpProtocol: pulumi.String("tcp"), FromPort: pulumi.Int(6443), ToPort: pulumi.Int(6443),
	}, opts...); err != nil {
		return nil, err
	}
	_, err = awsvpc.NewSecurityGroupEgressRule(ctx, "out", &awsvpc.SecurityGroupEgressRuleArgs{
		SecurityGroupId: group.ID(), CidrIpv4: pulumi.String("0.0.0.0/0"), IpProtocol: pulumi.String("-1"),
	}, opts...)
	return group, err
}

func TestSimulatedMachine(t *testing.T) {
	cloud := awssim.New(awssim.Options{})
	t.Cleanup(cloud.Close)
	require.NoError(t, pulumi.RunErr(twoMachines, pulumi.WithMocks("project", "stack", mocks.New(cloud))))
	found := map[string]Machine{}
	for _, m := range cloud.Machines() {
		found[m.Name] = Simulated(cloud, m)
	}
	master, worker := found["master"], found["worker"]
	assert.Equal(t, "t3.small", master.InstanceType)
	assert.Equal(t, 23, master.RootGiB)
	assert.Equal(t, "I2Nsb3VkLWNvbmZpZw==", master.UserData)

	volume, err := master.DataVolume(t.Context())
	require.NoError(t, err)
	assert.Regexp(t, "^vol-", volume)
	assert.NoError(t, worker.Reach(master.PrivateIP, 6443))
	assert.ErrorContains(t, worker.Reach(master.PrivateIP, 22), "ingress")

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = worker.DataVolume(ended)
	assert.ErrorContains(t, err, "worker waited for a data volume")
	assert.ErrorContains(t, worker.Internet(ended), "internet")
	_, err = worker.GetParameter("/lab/join")
	assert.ErrorContains(t, err, "no instance profile", "a machine without a profile may do nothing")
	assert.ErrorContains(t, worker.PutParameter("/lab/join", "x"), "no instance profile")
}
