package stacks

import (
	"fmt"
	"regexp"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeconfig"
	"github.com/growbin/cluster/components/validation"
)

// architecture is the CPU architecture of all instance types of the topology.
const architecture = "x86_64"

// machineImageID matches the ID of an AMI; images from before 2016 have 8 digits.
var machineImageID = regexp.MustCompile(`^ami-([0-9a-f]{8}|[0-9a-f]{17})$`)

// MachineImageUserData returns the user data of the instance from which scripts/build-image makes a machine image.
func (s *Settings) MachineImageUserData() (string, error) {
	return kubeadm.ImageUserData(kubeadm.ImageConfig{
		Region: s.Region, KubernetesVersion: s.KubernetesVersion, Sources: s.sources(), Images: s.MachineImages(),
	})
}

// MachineImageGiB returns the size of that instance's disk in GiB: no node's root volume can be smaller than its image.
func (s *Settings) MachineImageGiB() int {
	smallest := s.Nodes[0].RootGiB
	for _, n := range s.Nodes {
		smallest = min(smallest, n.RootGiB)
	}
	return smallest
}

// lookupImage returns the AMI of new instances: that of the roll under way, the configured one, if it belongs to this account and can be started, or else
// Canonical's current one.
func lookupImage(ctx *pulumi.Context, s *Settings, via pulumi.InvokeOption) (string, error) {
	if s.RollImage != "" {
		return s.RollImage, nil
	}
	if s.MachineImage == "" {
		image, err := kubeconfig.Parameter(ctx, ImageParameter, via)
		if err != nil {
			return "", fmt.Errorf("look up the Ubuntu image: %w", err)
		}
		return image, nil
	}
	invalid := func(must string, args ...any) error {
		return validation.Problem{
			Field: ConfigPrefix + "machineImage", Value: s.MachineImage,
			Must: fmt.Sprintf(must, args...) + "; build one with scripts/build-image " + s.Stack + ", or remove the setting",
		}
	}
	found, err := ec2.LookupAmi(ctx, &ec2.LookupAmiArgs{
		// Anybody can publish an image, so only the account's own count.
		Owners:  []string{"self"},
		Filters: []ec2.GetAmiFilter{{Name: "image-id", Values: []string{s.MachineImage}}},
	}, via)
	switch {
	case err != nil:
		return "", fmt.Errorf("%w: %w", invalid("must be an image of this account in %s", s.Region), err)
	case found.Architecture != architecture:
		return "", invalid("must be for %s, not %s", architecture, found.Architecture)
	case found.State != "available":
		return "", invalid("must be available, not %s", found.State)
	}
	return found.ImageId, nil
}
