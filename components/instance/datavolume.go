package instance

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ebs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/validation"
)

const (
	dataSuffix = "-data"
	rootSuffix = "-root"
)

// SnapshotTag is the key of the tag by which a schedule finds the volumes of its group.
const SnapshotTag = "Snapshots"

// DataVolumeName returns the tag Name of the data volume of an instance.
func DataVolumeName(instance string) string { return instance + dataSuffix }

// RootVolumeName returns the tag Name of the root volume of an instance.
func RootVolumeName(instance string) string { return instance + rootSuffix }

// KeptVolumeArgs describes the data volume of an instance that left the program.
type KeptVolumeArgs struct {
	// Zone is the availability zone of the volume.
	Zone string `pulumi:"zone"`
	// DataGiB is the size of the volume in GiB.
	DataGiB int `pulumi:"dataGiB"`
	// KeyARN is the key of KMS that encrypts a new volume; AWS's own when nil.
	KeyARN pulumi.StringInput `pulumi:"keyArn"`
	// DeletionProtection protects the volume from deletion.
	DeletionProtection bool `pulumi:"deletionProtection"`
	// SnapshotGroup is the value of SnapshotTag; without it no schedule takes snapshots of the volume.
	SnapshotGroup string `pulumi:"snapshotGroup"`
}

// KeptVolume is a data volume without an instance.
type KeptVolume struct {
	pulumi.ResourceState

	// VolumeID is EC2's identifier, vol-….
	VolumeID pulumi.StringOutput `pulumi:"volumeId"`
}

// NewKeptVolume registers the data volume of an instance of that name, without the instance, so that the volume stays when
// the instance leaves the program. It is the same resource: an instance that returns under its name gets the volume again.
func NewKeptVolume(ctx *pulumi.Context, name string, args *KeptVolumeArgs, opts ...pulumi.ResourceOption) (*KeptVolume, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("volume of instance %s: %w", name, err)
	}
	k := &KeptVolume{}
	if err := ctx.RegisterComponentResource(typeToken, name, k, opts...); err != nil {
		return nil, fmt.Errorf("volume of instance %s: %w", name, err)
	}
	volume, err := newDataVolume(ctx, name, args, "", k)
	if err != nil {
		return nil, fmt.Errorf("volume of instance %s: %w", name, err)
	}
	k.VolumeID = volume.ID().ToStringOutput()
	return k, ctx.RegisterResourceOutputs(k, pulumi.Map{"volumeId": k.VolumeID})
}

// Validate returns all problems of the arguments, joined.
func (a *KeptVolumeArgs) Validate() error {
	var problems validation.Problems
	if a.Zone == "" {
		problems.NotSet("Zone", "must be the availability zone of the volume")
	}
	if a.DataGiB < 1 || a.DataGiB > maxGiB {
		problems.Add("DataGiB", a.DataGiB, "must be 1 to %d", maxGiB)
	}
	return problems.Err()
}

// newDataVolume registers the volume. A new one is made of the snapshot, or blank without one.
func newDataVolume(ctx *pulumi.Context, name string, args *KeptVolumeArgs, snapshot string, parent pulumi.Resource) (*ebs.Volume, error) {
	inputs := &ebs.VolumeArgs{
		AvailabilityZone: pulumi.String(args.Zone),
		Type:             pulumi.String("gp3"),
		Size:             pulumi.Int(args.DataGiB),
		Encrypted:        pulumi.Bool(true),
	}
	tags := pulumi.StringMap{"Name": pulumi.String(DataVolumeName(name))}
	if args.SnapshotGroup != "" {
		tags[SnapshotTag] = pulumi.String(args.SnapshotGroup)
	}
	inputs.Tags = tags
	if args.KeyARN != nil {
		inputs.KmsKeyId = args.KeyARN.ToStringOutput()
	}
	if snapshot != "" {
		inputs.SnapshotId = pulumi.String(snapshot)
	}
	return ebs.NewVolume(ctx, DataVolumeName(name), inputs, pulumi.Parent(parent), pulumi.Protect(args.DeletionProtection),
		// EC2 changes these by another volume: nothing may plan that.
		pulumi.IgnoreChanges([]string{"availabilityZone", "encrypted", "kmsKeyId", "snapshotId"}))
}

func (a *InstanceArgs) attachDataVolume(ctx *pulumi.Context, name string, parent pulumi.Resource, instance *ec2.Instance) error {
	volume, err := newDataVolume(ctx, name, &KeptVolumeArgs{
		Zone: a.Zone, DataGiB: a.DataGiB, DeletionProtection: a.DeletionProtection, SnapshotGroup: a.SnapshotGroup, KeyARN: a.KeyARN,
	}, a.Snapshot, parent)
	if err != nil {
		return err
	}
	_, err = ec2.NewVolumeAttachment(ctx, DataVolumeName(name), &ec2.VolumeAttachmentArgs{
		DeviceName: pulumi.String(dataDevice),
		InstanceId: instance.ID(),
		VolumeId:   volume.ID(),
		// A volume that is pulled from under a running database is a crash; a stopped machine has flushed it.
		StopInstanceBeforeDetaching: pulumi.Bool(true),
	}, pulumi.Parent(parent), pulumi.DeleteBeforeReplace(true))
	return err
}
