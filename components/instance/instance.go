// Package instance builds one EC2 machine of a cluster.
package instance

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ebs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/capacity"
)

const typeToken = "kubeadm-aws:instance:Instance"

// dataDevice is the name under which the data volume is attached; on Nitro instances the kernel shows it as an NVMe disk.
const dataDevice = "/dev/sdf"

// InstanceArgs describes one machine.
type InstanceArgs struct {
	// InstanceType is an EC2 type that package capacity knows.
	InstanceType string
	// AMI is the image of the first boot. A newer one does not replace a running machine: see Roll.
	AMI pulumi.StringInput
	// Zone is the availability zone of the subnet and of the data volume.
	Zone string
	// SubnetID is the subnet the machine lives in.
	SubnetID pulumi.StringInput
	// PrivateIP fixes the address inside the subnet; empty lets EC2 choose.
	PrivateIP string
	// SecurityGroupIDs are the groups the machine is a member of.
	SecurityGroupIDs pulumi.StringArray
	// InstanceProfile is the name of the profile whose role the machine acts with.
	InstanceProfile pulumi.StringInput
	// UserData is gzipped cloud-config in base64, at most 16 KiB before encoding.
	UserData pulumi.StringInput
	// KeyName is an EC2 key pair for SSH; empty leaves Session Manager as the only way in.
	KeyName string
	// RootGiB and DataGiB are the sizes of the root volume and of the data volume, in GiB; no data volume when 0.
	RootGiB, DataGiB int
	// ElasticIP gives the machine a public address that survives its replacement.
	ElasticIP bool
	// MetadataHops is how far the instance metadata service answers: 1, the default, keeps it from pods; 2 lets pods use the role.
	MetadataHops int
	// DeletionProtection refuses termination of the machine and deletion of its data.
	DeletionProtection bool
	// Terminable lifts the protection of the machine alone, so that it can be replaced; its data stays protected.
	Terminable bool
	// VolumeTags go on the root volume, which the provider's default tags do not reach.
	VolumeTags map[string]string
	// Roll lets a change of what is pinned replace the machine. Without it all of that stays as at first boot.
	Roll bool
}

// pinned are the properties that EC2 changes by replacing the machine, or by stopping it. One edit, such as a new version in
// the user data of every node, must not take all machines away in one update: each is changed when its turn comes.
var pinned = []string{"ami", "instanceType", "keyName", "privateIp", "subnetId", "userDataBase64"}

// Instance is one machine with its volumes.
type Instance struct {
	pulumi.ResourceState

	// InstanceID is EC2's identifier, i-….
	InstanceID pulumi.StringOutput
	// PrivateIP is the address inside the VPC.
	PrivateIP pulumi.StringOutput
	// PublicIP is the Elastic IP, or the address EC2 gave, or empty in a private subnet.
	PublicIP pulumi.StringOutput
}

// NewInstance creates the machine. Its data volume outlives it: a replaced machine gets the same volume.
func NewInstance(ctx *pulumi.Context, name string, args *InstanceArgs, opts ...pulumi.ResourceOption) (*Instance, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("instance %s: %w", name, err)
	}
	n := &Instance{}
	if err := ctx.RegisterComponentResource(typeToken, name, n, opts...); err != nil {
		return nil, fmt.Errorf("instance %s: %w", name, err)
	}
	instance, err := ec2.NewInstance(ctx, name, args.instance(name), args.instanceOptions(n)...)
	if err != nil {
		return nil, fmt.Errorf("instance %s: instance: %w", name, err)
	}
	n.InstanceID = instance.ID().ToStringOutput()
	n.PrivateIP = instance.PrivateIp
	n.PublicIP = instance.PublicIp
	if args.ElasticIP {
		if n.PublicIP, err = elasticIP(ctx, name, n, instance); err != nil {
			return nil, fmt.Errorf("instance %s: elastic IP: %w", name, err)
		}
	}
	if args.DataGiB > 0 {
		if err := dataVolume(ctx, name, args, n, instance); err != nil {
			return nil, fmt.Errorf("instance %s: data volume: %w", name, err)
		}
	}
	return n, ctx.RegisterResourceOutputs(n, pulumi.Map{
		"instanceId": n.InstanceID, "privateIp": n.PrivateIP, "publicIp": n.PublicIP,
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
		// What reaches the provider despite ignoreChanges is a deliberate roll; restarting the machine would not rerun cloud-init.
		UserDataReplaceOnChange: pulumi.Bool(true),
		DisableApiTermination:   pulumi.Bool(a.DeletionProtection && !a.Terminable),
		MetadataOptions: &ec2.InstanceMetadataOptionsArgs{
			HttpEndpoint:            pulumi.String("enabled"),
			HttpTokens:              pulumi.String("required"), // IMDSv2 only
			HttpPutResponseHopLimit: pulumi.Int(max(a.MetadataHops, 1)),
		},
		RootBlockDevice: &ec2.InstanceRootBlockDeviceArgs{
			VolumeType:          pulumi.String("gp3"),
			VolumeSize:          pulumi.Int(a.RootGiB),
			Encrypted:           pulumi.Bool(true),
			DeleteOnTermination: pulumi.Bool(true),
		},
		Tags:       pulumi.StringMap{"Name": pulumi.String(name)},
		VolumeTags: a.volumeTags(name + "-root"),
	}
	if a.PrivateIP != "" {
		args.PrivateIp = pulumi.String(a.PrivateIP)
	}
	if a.KeyName != "" {
		args.KeyName = pulumi.String(a.KeyName)
	}
	return args
}

func (a *InstanceArgs) volumeTags(name string) pulumi.StringMap {
	tags := pulumi.ToStringMap(a.VolumeTags)
	tags["Name"] = pulumi.String(name)
	return tags
}

func (a *InstanceArgs) instanceOptions(parent pulumi.Resource) []pulumi.ResourceOption {
	options := []pulumi.ResourceOption{
		pulumi.Parent(parent),
		// The successor needs the private address and the data volume of its predecessor.
		pulumi.DeleteBeforeReplace(true),
		// EC2 would only stop the machine for it. Every change of a machine takes the same, tested way: a new one.
		pulumi.ReplaceOnChanges([]string{"instanceType"}),
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
	// The association's view of the address: who uses it thereby depends on the association, and is destroyed before it.
	return association.PublicIp, nil
}

func dataVolume(ctx *pulumi.Context, name string, args *InstanceArgs, parent pulumi.Resource, instance *ec2.Instance) error {
	volume, err := ebs.NewVolume(ctx, name+"-data", &ebs.VolumeArgs{
		AvailabilityZone: pulumi.String(args.Zone),
		Type:             pulumi.String("gp3"),
		Size:             pulumi.Int(args.DataGiB),
		Encrypted:        pulumi.Bool(true),
		Tags:             pulumi.StringMap{"Name": pulumi.String(name + "-data")},
	}, pulumi.Parent(parent), pulumi.Protect(args.DeletionProtection))
	if err != nil {
		return err
	}
	_, err = ec2.NewVolumeAttachment(ctx, name+"-data", &ec2.VolumeAttachmentArgs{
		DeviceName: pulumi.String(dataDevice),
		InstanceId: instance.ID(),
		VolumeId:   volume.ID(),
		// A volume that is pulled from under a running database is a crash; a stopped machine has flushed it.
		StopInstanceBeforeDetaching: pulumi.Bool(true),
	}, pulumi.Parent(parent), pulumi.DeleteBeforeReplace(true))
	return err
}

// Validate returns every problem of the arguments, joined.
func (a *InstanceArgs) Validate() error {
	var problems []error
	if _, err := capacity.LookupInstanceType(a.InstanceType); err != nil {
		problems = append(problems, fmt.Errorf("InstanceType: %w", err))
	}
	const minRootGiB, maxGiB = 8, 16384 // the Ubuntu image's size; gp3's largest volume
	if a.RootGiB < minRootGiB || a.RootGiB > maxGiB {
		problems = append(problems, fmt.Errorf("RootGiB is %d; give %d to %d", a.RootGiB, minRootGiB, maxGiB))
	}
	if a.DataGiB < 0 || a.DataGiB > maxGiB {
		problems = append(problems, fmt.Errorf("DataGiB is %d; give 0 for none, or up to %d", a.DataGiB, maxGiB))
	}
	if a.MetadataHops < 0 || a.MetadataHops > 2 {
		problems = append(problems, fmt.Errorf("MetadataHops is %d; give 1 to keep pods out, or 2 to let them use the role", a.MetadataHops))
	}
	if a.Zone == "" {
		problems = append(problems, errors.New("Zone is empty; give the availability zone of the subnet"))
	}
	return errors.Join(problems...)
}
