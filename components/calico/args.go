package calico

import (
	"net/netip"

	"github.com/growbin/cluster/components/pins"
	"github.com/growbin/cluster/components/validation"
)

// DefaultChartVersion is the version of the chart.
const DefaultChartVersion = pins.CalicoChart

// DefaultNodeMTU is the MTU of EC2 instances inside a VPC, in bytes (jumbo frames).
const DefaultNodeMTU = 9001

// vxlanOverhead is the size of the headers that VXLAN adds over IPv4, in bytes: 14 Ethernet, 20 IP, 8 UDP, 8 VXLAN.
const vxlanOverhead = 50

// blockBits is the prefix length of the block of addresses a node takes at a time: 64 addresses.
const blockBits = 26

// CalicoArgs describes a pod network.
type CalicoArgs struct {
	// PodCIDR is the IPv4 range of pods, the same as kubeadm's networking.podSubnet.
	PodCIDR string `pulumi:"podCidr"`
	// ChartVersion is the version of the chart; DefaultChartVersion when empty.
	ChartVersion string `pulumi:"chartVersion"`
	// ChartFolder is a folder of chart archives, relative to the program; optional. Without an archive of the chart there,
	// its repository is asked.
	ChartFolder string `pulumi:"chartFolder"`
	// NodeMTU is the largest packet between nodes in bytes; DefaultNodeMTU when 0.
	NodeMTU int `pulumi:"nodeMtu"`
}

func (a *CalicoArgs) withDefaults() *CalicoArgs {
	out := *a
	if out.ChartVersion == "" {
		out.ChartVersion = DefaultChartVersion
	}
	if out.NodeMTU == 0 {
		out.NodeMTU = DefaultNodeMTU
	}
	return &out
}

// Validate returns all problems of the arguments, joined.
func (a *CalicoArgs) Validate() error {
	var problems validation.Problems
	cidr, err := netip.ParsePrefix(a.PodCIDR)
	switch {
	case err != nil || !cidr.Addr().Is4():
		problems.Add("PodCIDR", a.PodCIDR, "must be an IPv4 range, e.g. 192.168.0.0/16")
	case cidr.Masked() != cidr:
		problems.Add("PodCIDR", a.PodCIDR, "must be written with its first address, %s", cidr.Masked())
	case cidr.Bits() > blockBits-4:
		problems.Add("PodCIDR", a.PodCIDR, "must be a /%d or larger: each node takes blocks of a /%d", blockBits-4, blockBits)
	}
	if a.NodeMTU < 1280 || a.NodeMTU > DefaultNodeMTU {
		problems.Add("NodeMTU", a.NodeMTU, "must be 1280 to %d bytes on EC2", DefaultNodeMTU)
	}
	return problems.Err()
}

// NodeImages returns the images of Calico that every node runs before it is ready, so that an instance may pull them while it
// boots. An empty version means DefaultChartVersion.
func NodeImages(version string) []string {
	if version == "" {
		version = DefaultChartVersion
	}
	return []string{pins.CalicoCNI + ":" + version, pins.CalicoNode + ":" + version}
}
