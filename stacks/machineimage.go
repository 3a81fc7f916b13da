package stacks

import (
	"fmt"
	"regexp"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeconfig"
)

// architecture is that of all instance types in the topology.
const architecture = "x86_64"

// machineImageID is EC2's form, with 8 digits for images from before 2016.
var machineImageID = regexp.MustCompile(`^ami-([0-9a-f]{8}|[0-9a-f]{17})$`)

// MachineImageUserData is what a machine boots from that becomes the image machineImage can name.
func (s *Settings) MachineImageUserData() (string, error) {
	return kubeadm.ImageUserData(kubeadm.ImageConfig{
		Region: s.Region, KubernetesVersion: s.KubernetesVersion, Sources: s.Sources, Images: s.MachineImages(),
	})
}

// MachineImageGiB is the size of that machine's disk: no node's root volume can be smaller than the image's.
func (s *Settings) MachineImageGiB() int {
	smallest := s.Nodes[0].RootGiB
	for _, n := range s.Nodes {
		smallest = min(smallest, n.RootGiB)
	}
	return smallest
}

// lookupImage returns the image that new machines start from: the configured one, if it is this account's own and can be
// started, or else Canonical's current one.
func lookupImage(ctx *pulumi.Context, s *Settings, via pulumi.InvokeOption) (string, error) {
	if s.MachineImage == "" {
		image, err := kubeconfig.Parameter(ctx, ImageParameter, via)
		if err != nil {
			return "", fmt.Errorf("look up the Ubuntu image: %w", err)
		}
		return image, nil
	}
	wrong := func(why string) error {
		return fmt.Errorf("%smachineImage is %q, %s; make one with scripts/build-image %s, or leave the setting out", ConfigPrefix, s.MachineImage, why, s.Stack)
	}
	found, err := ec2.LookupAmi(ctx, &ec2.LookupAmiArgs{
		// Only one's own: anybody can publish an image with any name.
		Owners:  []string{"self"},
		Filters: []ec2.GetAmiFilter{{Name: "image-id", Values: []string{s.MachineImage}}},
	}, via)
	switch {
	case err != nil:
		return "", fmt.Errorf("%w: %w", wrong("which this account does not have in "+s.Region), err)
	case found.Architecture != architecture:
		return "", wrong("which is for " + found.Architecture + " and not for " + architecture)
	case found.State != "available":
		return "", wrong("which is " + found.State)
	}
	return found.ImageId, nil
}
