package instance

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/capacity"
	"github.com/growbin/cluster/components/validation"
)

// maxGiB is the size of the largest gp3 volume.
const maxGiB = 16384

// InstanceArgs describes one instance.
type InstanceArgs struct {
	// InstanceType is an EC2 instance type that package capacity lists.
	InstanceType string `pulumi:"instanceType"`
	// AMI is the image of the first boot. A newer one does not replace a running instance: see Roll.
	AMI pulumi.StringInput `pulumi:"ami"`
	// Zone is the availability zone of the subnet and of the data volume.
	Zone string `pulumi:"zone"`
	// SubnetID is the subnet of the instance.
	SubnetID pulumi.StringInput `pulumi:"subnetId"`
	// PrivateIP fixes the address inside the subnet; EC2 chooses one when empty.
	PrivateIP string `pulumi:"privateIp"`
	// SecurityGroupIDs are the security groups of the instance.
	SecurityGroupIDs pulumi.StringArray `pulumi:"securityGroupIds"`
	// InstanceProfile is the name of the profile with the role of the instance.
	InstanceProfile pulumi.StringInput `pulumi:"instanceProfile"`
	// UserData is gzipped cloud-config in base64, at most 16 KiB before encoding.
	UserData pulumi.StringInput `pulumi:"userData"`
	// KeyName is an EC2 key pair for SSH; without one, Session Manager is the only way to open a shell.
	KeyName string `pulumi:"keyName"`
	// RootGiB is the size of the root volume in GiB.
	RootGiB int `pulumi:"rootGiB"`
	// DataGiB is the size of the data volume in GiB; no data volume when 0.
	DataGiB int `pulumi:"dataGiB"`
	// SnapshotGroup is the value of SnapshotTag on the data volume; without it no schedule takes snapshots of it.
	SnapshotGroup string `pulumi:"snapshotGroup"`
	// Snapshot is the ID of the snapshot, snap-…, of which a new data volume is made; blank when empty. It changes no volume that
	// exists.
	Snapshot string `pulumi:"snapshot"`
	// KeyARN is the key of KMS that encrypts new volumes; AWS's own when nil. An existing data volume keeps its key, and a root volume
	// until the instance is rolled.
	KeyARN pulumi.StringInput `pulumi:"keyArn"`
	// ElasticIP gives the instance a public address that survives its replacement.
	ElasticIP bool `pulumi:"elasticIp"`
	// DeletionProtection protects the instance from termination and its data volume from deletion, by EC2 and by Pulumi.
	DeletionProtection bool `pulumi:"deletionProtection"`
	// Terminable lifts the protection of the instance alone, so that it can be replaced; its data stays protected.
	Terminable bool `pulumi:"terminable"`
	// CPUCredits is the credit mode of a burstable type, one of CreditModes; EC2's default when empty, unlimited for t3.
	CPUCredits string `pulumi:"cpuCredits"`
	// Spot buys the instance on the spot market: EC2 may terminate it with two minutes' notice, and an update with a refresh launches
	// another. Such an instance cannot be stopped, nor protected from termination.
	Spot bool `pulumi:"spot"`
	// Roll lets a change of a pinned property replace the instance. Without it such changes are ignored.
	Roll bool `pulumi:"roll"`
}

// Validate returns all problems of the arguments, joined.
func (a *InstanceArgs) Validate() error {
	var problems validation.Problems
	if _, err := capacity.LookupInstanceType(a.InstanceType); err != nil {
		problems.Add("InstanceType", a.InstanceType, "must be one of %s", strings.Join(capacity.InstanceTypeNames(), ", "))
	}
	const minRootGiB = 8 // the size of the Ubuntu image
	if a.RootGiB < minRootGiB || a.RootGiB > maxGiB {
		problems.Add("RootGiB", a.RootGiB, "must be %d to %d", minRootGiB, maxGiB)
	}
	if a.DataGiB < 0 || a.DataGiB > maxGiB {
		problems.Add("DataGiB", a.DataGiB, "must be 0 for no data volume, or at most %d", maxGiB)
	}
	if a.Zone == "" {
		problems.NotSet("Zone", "must be the availability zone of the subnet")
	}
	if a.Spot && a.DataGiB > 0 {
		problems.Add("Spot", a.Spot, "must be false with a data volume: its store would be down whenever EC2 takes the instance")
	}
	a.validateCredits(&problems)
	return problems.Err()
}
