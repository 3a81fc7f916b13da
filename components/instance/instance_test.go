package instance

import (
	"encoding/base64"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
	"github.com/growbin/cluster/internal/testing/recorder"
)

const (
	instanceType    = "aws:ec2/instance:Instance"
	volumeType      = "aws:ebs/volume:Volume"
	attachmentType  = "aws:ec2/volumeAttachment:VolumeAttachment"
	eipType         = "aws:ec2/eip:Eip"
	associationType = "aws:ec2/eipAssociation:EipAssociation"

	image    = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
	trustEC2 = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
)

func validArgs() InstanceArgs {
	return InstanceArgs{
		InstanceType: "t3.medium", Zone: "ap-northeast-2a", RootGiB: 20,
		UserData: pulumi.String(base64.StdEncoding.EncodeToString([]byte("#cloud-config\n"))),
	}
}

func TestInstance_Spot(t *testing.T) {
	args := validArgs()
	args.Spot, args.DeletionProtection = true, true
	w, err := deploy(t, args)
	require.NoError(t, err)
	r := w.mocks.OfType(instanceType)[0]
	assert.Equal(t, "one-time", r.Value("instanceMarketOptions.spotOptions.spotInstanceType"), "no request outlives its instance")
	assert.Equal(t, "terminate", r.Value("instanceMarketOptions.spotOptions.instanceInterruptionBehavior"))
	require.NoError(t, w.cloud.TakeSpot("k8s-redis"))
	args.DataGiB = 10
	assert.ErrorContains(t, args.Validate(), "Spot: true must be false with a data volume")
}

// world is the account after the node was made in it.
type world struct {
	cloud *awssim.Cloud
	mocks *mocks.Mocks
	// outputs are the node's.
	instanceID, privateIP, publicIP string
}

// deploy creates an instance called k8s-redis in a public subnet, with the resources it refers to.
func deploy(t *testing.T, args InstanceArgs) (*world, error) {
	t.Helper()
	cloud := awssim.New(awssim.Options{})
	t.Cleanup(cloud.Close)
	return deployTo(cloud, args)
}

func deployTo(cloud *awssim.Cloud, args InstanceArgs) (*world, error) {
	w := &world{cloud: cloud}
	w.mocks = mocks.New(w.cloud)
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		subnet, err := surroundings(ctx, &args)
		if err != nil {
			return err
		}
		n, err := NewInstance(ctx, "k8s-redis", &args, pulumi.DependsOn([]pulumi.Resource{subnet}))
		if err != nil {
			return err
		}
		n.InstanceID.ApplyT(func(v string) string { w.instanceID = v; return v })
		n.PrivateIP.ApplyT(func(v string) string { w.privateIP = v; return v })
		n.PublicIP.ApplyT(func(v string) string { w.publicIP = v; return v })
		return nil
	}, pulumi.WithMocks("project", "stack", w.mocks))
	return w, err
}

// surroundings creates the resources that the arguments refer to.
func surroundings(ctx *pulumi.Context, args *InstanceArgs) (*ec2.Subnet, error) {
	vpc, err := ec2.NewVpc(ctx, "net", &ec2.VpcArgs{CidrBlock: pulumi.String("10.0.0.0/16")})
	if err != nil {
		return nil, err
	}
	gateway, err := ec2.NewInternetGateway(ctx, "net", &ec2.InternetGatewayArgs{VpcId: vpc.ID()})
	if err != nil {
		return nil, err
	}
	key, err := ec2.NewKeyPair(ctx, "admin", &ec2.KeyPairArgs{
		KeyName:   pulumi.String("admin"),
		PublicKey: pulumi.String("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ5dGVzYnl0ZXNieXRlc2J5dGVzYnl0ZXNieXRlc2J5 someone"),
	})
	if err != nil {
		return nil, err
	}
	subnet, err := ec2.NewSubnet(ctx, "net", &ec2.SubnetArgs{
		VpcId: vpc.ID(), CidrBlock: pulumi.String("10.0.1.0/24"), AvailabilityZone: pulumi.String("ap-northeast-2a"),
		MapPublicIpOnLaunch: pulumi.Bool(true),
		// The machine waits for the subnet, and thereby for all that it names.
	}, pulumi.DependsOn([]pulumi.Resource{gateway, key}))
	if err != nil {
		return nil, err
	}
	group, err := ec2.NewSecurityGroup(ctx, "nodes", &ec2.SecurityGroupArgs{VpcId: vpc.ID()})
	if err != nil {
		return nil, err
	}
	role, err := iam.NewRole(ctx, "nodes", &iam.RoleArgs{AssumeRolePolicy: pulumi.String(trustEC2)})
	if err != nil {
		return nil, err
	}
	profile, err := iam.NewInstanceProfile(ctx, "nodes", &iam.InstanceProfileArgs{Role: role.Name})
	if err != nil {
		return nil, err
	}
	ami, err := ssm.LookupParameter(ctx, &ssm.LookupParameterArgs{Name: image})
	if err != nil {
		return nil, err
	}
	args.AMI, args.SubnetID, args.InstanceProfile = pulumi.String(ami.Value), subnet.ID(), profile.Name
	args.SecurityGroupIDs = pulumi.StringArray{group.ID()}
	return subnet, nil
}

// only is the one registration of a type, and checks its name and parent.
func (w *world) only(t *testing.T, token, name string) recorder.Registration {
	t.Helper()
	found := w.mocks.OfType(token)
	require.Len(t, found, 1, token)
	assert.Equal(t, name, found[0].Name)
	if token != typeToken {
		assert.Equal(t, w.only(t, typeToken, "k8s-redis").URN, found[0].Parent)
	}
	return found[0]
}

func TestNewInstance_Resources(t *testing.T) {
	w, err := deploy(t, validArgs())
	require.NoError(t, err)
	instance := w.only(t, instanceType, "k8s-redis")
	inputs := instance.Inputs.Mappable()
	assert.Equal(t, map[string]any{"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1.0},
		inputs["metadataOptions"], "IMDSv2 only, and out of the reach of pods")
	assert.Equal(t, map[string]any{
		"volumeType": "gp3", "volumeSize": 20.0, "encrypted": true, "deleteOnTermination": true, "tags": map[string]any{"Name": "k8s-redis-root"},
	}, inputs["rootBlockDevice"])
	assert.Equal(t, map[string]any{"Name": "k8s-redis"}, inputs["tags"])
	for _, absent := range []string{"keyName", "privateIp", "volumeTags"} {
		assert.NotContains(t, inputs, absent)
	}
	for _, token := range []string{volumeType, attachmentType, eipType, associationType} {
		assert.Empty(t, w.mocks.OfType(token), token)
	}

	machine, err := w.cloud.Machine("k8s-redis")
	require.NoError(t, err)
	assert.Equal(t, machine.ID, w.instanceID)
	assert.Equal(t, machine.PrivateIP, w.privateIP)
	assert.Equal(t, machine.PublicIP, w.publicIP)
	assert.NotEmpty(t, w.publicIP)
	assert.NotEmpty(t, machine.InstanceProfile)
	assert.Len(t, machine.SecurityGroupIDs, 1)
	raw, err := base64.StdEncoding.DecodeString(machine.UserData)
	require.NoError(t, err)
	assert.Equal(t, "#cloud-config\n", string(raw))
}

func TestNewInstance_OptionalArgs(t *testing.T) {
	args := validArgs()
	args.PrivateIP, args.KeyName = "10.0.1.10", "admin"
	w, err := deploy(t, args)
	require.NoError(t, err)
	assert.Equal(t, "10.0.1.10", w.privateIP)
	inputs := w.only(t, instanceType, "k8s-redis").Inputs
	assert.Equal(t, "admin", inputs["keyName"].StringValue())
	assert.Equal(t, 1.0, inputs["metadataOptions"].ObjectValue()["httpPutResponseHopLimit"].NumberValue())
}

// No edit may replace or stop a running machine by surprise, and one that is rolled is replaced whatever changed.
func TestNewInstance_RollReplaces(t *testing.T) {
	stopping := []string{"ami", "instanceMarketOptions", "instanceType", "keyName", "privateIp", "subnetId", "userDataBase64", "rootBlockDevice.kmsKeyId"}
	for roll, want := range map[bool][]string{false: stopping, true: nil} {
		args := validArgs()
		args.Roll, args.Spot, args.KeyName, args.PrivateIP = roll, true, "admin", "10.0.1.10"
		args.KeyARN = pulumi.String("arn:aws:kms:ap-northeast-2:000000000000:alias/aws/ebs")
		w, err := deploy(t, args)
		require.NoError(t, err)
		instance := w.only(t, instanceType, "k8s-redis")
		assert.ElementsMatch(t, want, instance.IgnoreChanges)
		assert.Equal(t, []string{"instanceType"}, instance.ReplaceOnChanges, "EC2 would stop the machine, and its user data would be another's")
		assert.True(t, instance.DeleteBeforeReplace, "its successor needs its address and volume")
		assert.True(t, instance.Inputs["userDataReplaceOnChange"].BoolValue())
		for _, property := range want {
			assert.NotNil(t, instance.Value(property), "the ignored input exists")
		}
	}
}

func TestNewInstance_TerminableWithProtectedData(t *testing.T) {
	args := validArgs()
	args.DataGiB, args.DeletionProtection, args.Terminable = 40, true, true
	w, err := deploy(t, args)
	require.NoError(t, err)
	instance := w.only(t, instanceType, "k8s-redis")
	assert.False(t, instance.Inputs["disableApiTermination"].BoolValue())
	assert.False(t, *instance.Protect)
	assert.True(t, *w.only(t, volumeType, "k8s-redis-data").Protect)
}

// Pulumi refuses to replace a protected resource; the successor is protected by EC2 from its start.
func TestNewInstance_RollLiftsProtectOfOneUpdate(t *testing.T) {
	args := validArgs()
	args.DataGiB, args.DeletionProtection, args.Roll = 40, true, true
	w, err := deploy(t, args)
	require.NoError(t, err)
	instance := w.only(t, instanceType, "k8s-redis")
	assert.False(t, *instance.Protect)
	assert.True(t, instance.Inputs["disableApiTermination"].BoolValue())
	assert.True(t, *w.only(t, volumeType, "k8s-redis-data").Protect)
}

func TestNewInstance_DataVolumeOutlivesInstance(t *testing.T) {
	args := validArgs()
	args.DataGiB = 40
	w, err := deploy(t, args)
	require.NoError(t, err)
	instance, volume := w.only(t, instanceType, "k8s-redis"), w.only(t, volumeType, "k8s-redis-data")
	assert.Equal(t, map[string]any{
		"availabilityZone": "ap-northeast-2a", "type": "gp3", "size": 40.0, "encrypted": true, "tags": map[string]any{"Name": "k8s-redis-data"},
	}, volume.Inputs.Mappable())
	assert.ElementsMatch(t, []string{"availabilityZone", "encrypted", "kmsKeyId", "snapshotId"}, volume.IgnoreChanges, "EC2 would make another volume")
	assert.NotContains(t, volume.Dependencies, instance.URN, "what depends on the machine goes with it")

	attachment := w.only(t, attachmentType, "k8s-redis-data")
	assert.Equal(t, map[string]any{
		"deviceName": "/dev/sdf", "instanceId": instance.ID, "volumeId": volume.ID, "stopInstanceBeforeDetaching": true,
	}, attachment.Inputs.Mappable())
	assert.True(t, attachment.DeleteBeforeReplace, "a volume cannot be attached twice")

	machine, err := w.cloud.Machine("k8s-redis")
	require.NoError(t, err)
	disks := machine.Volumes()
	require.Len(t, disks, 2)
	assert.Contains(t, disks, awssim.Disk{ID: volume.ID, Device: "/dev/sdf", SizeGiB: 40})
}

// It must be the resource that NewInstance registers: another one would be another, blank volume.
func TestNewKeptVolume_SameResourceAsOfTheInstance(t *testing.T) {
	args := validArgs()
	args.DataGiB, args.DeletionProtection = 40, true
	w, err := deploy(t, args)
	require.NoError(t, err)
	before := w.only(t, volumeType, "k8s-redis-data")

	cloud := awssim.New(awssim.Options{})
	t.Cleanup(cloud.Close)
	kept := mocks.New(cloud)
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		_, err := NewKeptVolume(ctx, "k8s-redis", &KeptVolumeArgs{Zone: args.Zone, DataGiB: 40, DeletionProtection: true})
		return err
	}, pulumi.WithMocks("project", "stack", kept)))
	after := kept.Only(t, volumeType)
	assert.Equal(t, before.URN, after.URN)
	assert.Equal(t, before.Inputs, after.Inputs)
	assert.True(t, *after.Protect)
	assert.Empty(t, kept.OfType(instanceType))
	assert.Empty(t, kept.OfType(attachmentType))
}

func TestNewKeptVolume_InvalidArgs(t *testing.T) {
	err := (&KeptVolumeArgs{}).Validate()
	assert.ErrorContains(t, err, "Zone: not set")
	assert.ErrorContains(t, err, "DataGiB: 0 must be 1 to 16384")
	assert.NoError(t, (&KeptVolumeArgs{Zone: "ap-northeast-2a", DataGiB: 16384}).Validate())
}

func TestNewInstance_DataVolumeInOtherZone(t *testing.T) {
	args := validArgs()
	args.DataGiB, args.Zone = 40, "ap-northeast-2c"
	_, err := deploy(t, args)
	assert.ErrorContains(t, err, "InvalidVolume.ZoneMismatch")
}

func TestNewInstance_DeletionProtection(t *testing.T) {
	for _, protect := range []bool{true, false} {
		args := validArgs()
		args.DataGiB, args.DeletionProtection = 40, protect
		w, err := deploy(t, args)
		require.NoError(t, err)
		instance := w.only(t, instanceType, "k8s-redis")
		assert.Equal(t, protect, instance.Inputs["disableApiTermination"].BoolValue())
		assert.Equal(t, protect, *instance.Protect, "the provider lifts EC2's protection by itself")
		volume := w.only(t, volumeType, "k8s-redis-data")
		require.NotNil(t, volume.Protect)
		assert.Equal(t, protect, *volume.Protect)
		terminated := w.cloud.TerminateInstance("k8s-redis")
		if protect {
			assert.ErrorContains(t, terminated, "OperationNotPermitted")
		} else {
			assert.NoError(t, terminated)
		}
	}
}

func TestNewInstance_ElasticIP(t *testing.T) {
	args := validArgs()
	args.ElasticIP = true
	w, err := deploy(t, args)
	require.NoError(t, err)
	address, association := w.only(t, eipType, "k8s-redis"), w.only(t, associationType, "k8s-redis")
	assert.Equal(t, map[string]any{"domain": "vpc", "tags": map[string]any{"Name": "k8s-redis"}}, address.Inputs.Mappable())
	assert.Equal(t, address.ID, association.Inputs["allocationId"].StringValue())
	assert.Equal(t, w.instanceID, association.Inputs["instanceId"].StringValue())
	assert.Equal(t, address.Outputs["publicIp"].StringValue(), w.publicIP)
	machine, err := w.cloud.Machine("k8s-redis")
	require.NoError(t, err)
	assert.Equal(t, machine.PublicIP, w.publicIP, "and not the address that EC2 gave at first")
}

func TestNewInstance_InvalidArgs(t *testing.T) {
	for _, tt := range []struct {
		want   string
		change func(*InstanceArgs)
	}{
		{`InstanceType: "t3.huge" must be one of `, func(a *InstanceArgs) { a.InstanceType = "t3.huge" }},
		{"RootGiB: 7 must be 8 to 16384", func(a *InstanceArgs) { a.RootGiB = 7 }},
		{"RootGiB: 16385 must be 8 to 16384", func(a *InstanceArgs) { a.RootGiB = 16385 }},
		{"DataGiB: -1 must be 0", func(a *InstanceArgs) { a.DataGiB = -1 }},
		{"DataGiB: 16385 must be 0", func(a *InstanceArgs) { a.DataGiB = 16385 }},
		{"Zone: not set, must be the availability zone", func(a *InstanceArgs) { a.Zone = "" }},
	} {
		t.Run(tt.want, func(t *testing.T) {
			args := validArgs()
			tt.change(&args)
			w, err := deploy(t, args)
			require.ErrorContains(t, err, "instance k8s-redis: "+tt.want)
			assert.Empty(t, w.mocks.OfType(typeToken), "nothing is registered")
		})
	}
}

func TestInstanceArgs_AllProblemsTogether(t *testing.T) {
	err := (&InstanceArgs{InstanceType: "t3.huge", DataGiB: -1}).Validate()
	for _, want := range []string{"InstanceType: ", "RootGiB: 0", "DataGiB: -1", "Zone: not set"} {
		assert.ErrorContains(t, err, want)
	}
	for _, change := range []func(*InstanceArgs){
		func(*InstanceArgs) {},
		func(a *InstanceArgs) { a.RootGiB, a.DataGiB = 8, 16384 },
		func(a *InstanceArgs) { a.RootGiB, a.DataGiB = 16384, 1 },
	} {
		args := validArgs()
		change(&args)
		assert.NoError(t, args.Validate())
	}
}
