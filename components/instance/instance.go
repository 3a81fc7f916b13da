// Package instance builds one EC2 instance of a cluster with its volumes.
package instance

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const typeToken = "kubeadm-aws:instance:Instance"

// dataDevice is the name under which the data volume is attached; on Nitro instances the kernel shows it as an NVMe disk.
const dataDevice = "/dev/sdf"

// pinned are the properties that EC2 changes by replacing or stopping the instance. One edit, e.g. a new version in the user
// data of every node, must not take all instances down in one update: each is changed when it is rolled.
var pinned = []string{"ami", "instanceMarketOptions", "instanceType", "keyName", "privateIp", "subnetId", "userDataBase64", "rootBlockDevice.kmsKeyId"}

// Instance is one EC2 instance with its volumes.
type Instance struct {
	pulumi.ResourceState

	// InstanceID is EC2's identifier, i-….
	InstanceID pulumi.StringOutput `pulumi:"instanceId"`
	// PrivateIP is the address inside the VPC.
	PrivateIP pulumi.StringOutput `pulumi:"privateIp"`
	// KeyName is the key pair that the instance was created with; empty for none.
	KeyName pulumi.StringOutput `pulumi:"keyName"`
	// PublicIP is the Elastic IP, or the address that EC2 assigned, or empty in a private subnet.
	PublicIP pulumi.StringOutput `pulumi:"publicIp"`
}

// NewInstance creates the instance. Its data volume outlives it: the replacement of an instance gets the same volume.
func NewInstance(ctx *pulumi.Context, name string, args *InstanceArgs, opts ...pulumi.ResourceOption) (*Instance, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("instance %s: %w", name, err)
	}
	n := &Instance{}
	if err := ctx.RegisterComponentResource(typeToken, name, n, opts...); err != nil {
		return nil, fmt.Errorf("instance %s: %w", name, err)
	}
	explained, err := explainLaunch(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("instance %s: %w", name, err)
	}
	instance, err := ec2.NewInstance(ctx, name, args.instance(name), append(args.instanceOptions(n), explained)...)
	if err != nil {
		return nil, fmt.Errorf("instance %s: instance: %w", name, err)
	}
	n.InstanceID = instance.ID().ToStringOutput()
	n.PrivateIP = instance.PrivateIp
	n.PublicIP, n.KeyName = instance.PublicIp, instance.KeyName
	if args.ElasticIP {
		if n.PublicIP, err = elasticIP(ctx, name, n, instance); err != nil {
			return nil, fmt.Errorf("instance %s: elastic IP: %w", name, err)
		}
	}
	if args.DataGiB > 0 {
		if err := args.attachDataVolume(ctx, name, n, instance); err != nil {
			return nil, fmt.Errorf("instance %s: data volume: %w", name, err)
		}
	}
	return n, ctx.RegisterResourceOutputs(n, pulumi.Map{
		"instanceId": n.InstanceID, "privateIp": n.PrivateIP, "publicIp": n.PublicIP, "keyName": n.KeyName,
	})
}

func (a *InstanceArgs) instance(name string) *ec2.InstanceArgs {
	args := &ec2.InstanceArgs{
		Ami:                 a.AMI,
		InstanceType:        pulumi.String(a.InstanceType),
		SubnetId:            a.SubnetID,
		VpcSecurityGroupIds: a.SecurityGroupIDs,
		IamInstanceProfile:  a.InstanceProfile,
		UserDataBase64:      a.UserData,
		// A change that passes ignoreChanges is a deliberate roll; a restart would not rerun cloud-init.
		UserDataReplaceOnChange: pulumi.Bool(true),
		DisableApiTermination:   pulumi.Bool(a.DeletionProtection && !a.Terminable && !a.Spot),
		MetadataOptions: &ec2.InstanceMetadataOptionsArgs{
			HttpEndpoint:            pulumi.String("enabled"),
			HttpTokens:              pulumi.String("required"), // IMDSv2 only
			HttpPutResponseHopLimit: pulumi.Int(1),             // pods are a hop further
		},
		RootBlockDevice:     a.rootVolume(name),
		CreditSpecification: a.creditSpecification(),
		Tags:                pulumi.StringMap{"Name": pulumi.String(name)},
	}
	if a.Spot {
		args.InstanceMarketOptions = &ec2.InstanceInstanceMarketOptionsArgs{
			MarketType: pulumi.String("spot"),
			SpotOptions: &ec2.InstanceInstanceMarketOptionsSpotOptionsArgs{
				// A persistent request starts its instance again by itself, and outlives it: the provider does not cancel it with
				// the instance, and EC2 would launch another one that Pulumi does not know.
				SpotInstanceType: pulumi.String("one-time"), InstanceInterruptionBehavior: pulumi.String("terminate"),
			},
		}
	}
	if a.PrivateIP != "" {
		args.PrivateIp = pulumi.String(a.PrivateIP)
	}
	if a.KeyName != "" {
		args.KeyName = pulumi.String(a.KeyName)
	}
	return args
}

func (a *InstanceArgs) rootVolume(name string) *ec2.InstanceRootBlockDeviceArgs {
	volume := &ec2.InstanceRootBlockDeviceArgs{
		VolumeType:          pulumi.String("gp3"),
		VolumeSize:          pulumi.Int(a.RootGiB),
		Encrypted:           pulumi.Bool(true),
		DeleteOnTermination: pulumi.Bool(true),
		// The provider's volumeTags would name the data volume, too: it reads and writes those of all attached volumes.
		Tags: pulumi.StringMap{"Name": pulumi.String(RootVolumeName(name))},
	}
	if a.KeyARN != nil {
		volume.KmsKeyId = a.KeyARN.ToStringOutput()
	}
	return volume
}

func (a *InstanceArgs) instanceOptions(parent pulumi.Resource) []pulumi.ResourceOption {
	options := []pulumi.ResourceOption{
		pulumi.Parent(parent),
		// The successor needs the private address and the data volume of its predecessor.
		pulumi.DeleteBeforeReplace(true),
		// EC2 would stop and resize the instance. Every change of an instance is a replacement instead, which is tested.
		pulumi.ReplaceOnChanges([]string{"instanceType"}),
		// The provider lifts disableApiTermination by itself before it terminates an instance.
		pulumi.Protect(a.DeletionProtection && !a.Terminable && !a.Roll),
	}
	if !a.Roll {
		options = append(options, pulumi.IgnoreChanges(pinned))
	}
	return options
}

func elasticIP(ctx *pulumi.Context, name string, parent pulumi.Resource, instance *ec2.Instance) (pulumi.StringOutput, error) {
	address, err := ec2.NewEip(ctx, name, &ec2.EipArgs{
		Domain: pulumi.String("vpc"), Tags: pulumi.StringMap{"Name": pulumi.String(name)},
	}, pulumi.Parent(parent))
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	association, err := ec2.NewEipAssociation(ctx, name, &ec2.EipAssociationArgs{
		AllocationId: address.ID(), InstanceId: instance.ID(),
	}, pulumi.Parent(parent))
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	// The output of the association, not of the address: resources that use it are destroyed before the association.
	return association.PublicIp, nil
}
