package calico

import (
	"cmp"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"

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

// digestForm matches a digest.
var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

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
	// OperatorTag is the tag of the operator's image, e.g. "v1.42.4@sha256:…"; that of the chart when empty.
	OperatorTag string `pulumi:"operatorTag"`
	// Digests are those of Images by reference, each "sha256:" and 64 hexadecimal digits: of all, since the operator then knows no
	// tags, or of none.
	Digests map[string]string `pulumi:"digests"`
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
	for _, image := range slices.Sorted(maps.Keys(a.Digests)) {
		if !slices.Contains(Images(a.ChartVersion), image) {
			problems.Add("Digests", image, "must be one of %s", strings.Join(Images(a.ChartVersion), ", "))
		} else if !digestForm.MatchString(a.Digests[image]) {
			problems.Add("Digests["+image+"]", a.Digests[image], "must be sha256: and 64 hexadecimal digits")
		}
	}
	for _, image := range Images(a.ChartVersion) {
		if len(a.Digests) > 0 && a.Digests[image] == "" {
			problems.NotSet("Digests["+image+"]", "must be there as those of the other images")
		}
	}
	return problems.Err()
}

// Images returns the images that the operator deploys, or looks for when it deploys others. An empty version means
// DefaultChartVersion.
func Images(version string) []string {
	images := NodeImages(version)
	for _, part := range []string{"csi", "kube-controllers", "node-driver-registrar", "pod2daemon-flexvol", "typha"} {
		images = append(images, pins.CalicoRegistry+"calico/"+part+":"+cmp.Or(version, DefaultChartVersion))
	}
	return images
}

// NodeImages returns the images of Calico that every node runs before it is ready, so that an instance may pull them while it
// boots. An empty version means DefaultChartVersion.
func NodeImages(version string) []string {
	version = cmp.Or(version, DefaultChartVersion)
	return []string{pins.CalicoRegistry + "calico/cni:" + version, pins.CalicoRegistry + "calico/node:" + version}
}
