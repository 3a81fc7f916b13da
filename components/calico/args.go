package calico

import (
	"errors"
	"fmt"
	"net/netip"
)

// DefaultChartVersion supports Kubernetes 1.34 to 1.36 (2026-11).
const DefaultChartVersion = "v3.32.2"

// DefaultNodeMTU is an EC2 instance's within its VPC, in bytes (jumbo frames).
const DefaultNodeMTU = 9001

// vxlanOverhead is what VXLAN over IPv4 adds to a packet, in bytes: 14 Ethernet, 20 IP, 8 UDP, 8 VXLAN.
const vxlanOverhead = 50

// blockBits is the prefix length of the block of addresses a node takes at a time: 64 addresses.
const blockBits = 26

// CalicoArgs describes a pod network.
type CalicoArgs struct {
	// PodCIDR is the IPv4 range of pods, the same as kubeadm's networking.podSubnet.
	PodCIDR string
	// ChartVersion is of both charts; DefaultChartVersion when empty.
	ChartVersion string
	// NodeMTU is the largest packet between nodes, in bytes; DefaultNodeMTU when zero.
	NodeMTU int
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

// Validate returns every problem of the arguments, joined.
func (a *CalicoArgs) Validate() error {
	var problems []error
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }

	cidr, err := netip.ParsePrefix(a.PodCIDR)
	switch {
	case err != nil || !cidr.Addr().Is4():
		report("PodCIDR is %q; give an IPv4 range such as 192.168.0.0/16", a.PodCIDR)
	case cidr.Masked() != cidr:
		report("PodCIDR is %q; give the range's first address, %s", a.PodCIDR, cidr.Masked())
	case cidr.Bits() > blockBits-4:
		report("PodCIDR is %q; give a /%d or larger, each node takes blocks of a /%d", a.PodCIDR, blockBits-4, blockBits)
	}
	if a.NodeMTU < 1280 || a.NodeMTU > 9001 {
		report("NodeMTU is %d; EC2 carries 1280 to 9001 bytes", a.NodeMTU)
	}
	return errors.Join(problems...)
}

// NodeImages are what Calico runs on every node, and a node is not ready before. A machine may fetch them while it boots. An
// empty version is DefaultChartVersion.
func NodeImages(version string) []string {
	if version == "" {
		version = DefaultChartVersion
	}
	return []string{"quay.io/calico/cni:" + version, "quay.io/calico/node:" + version}
}
