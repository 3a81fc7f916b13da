package kubeadm

import (
	"maps"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/growbin/cluster/components/kubeadm/userdata"
)

var (
	regionName = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)
	mountPath  = regexp.MustCompile(`^(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$`)
	// imageReference is host or user, path, and tag or digest; a tag is asked for, since what is fetched must be what pods name.
	imageReference = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*(:[0-9]+)?(/[a-z0-9][a-z0-9._-]*)*(:[A-Za-z0-9_][A-Za-z0-9._-]*|@sha256:[0-9a-f]{64})$`)
	imagePath      = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*(:[0-9]+)?(/[a-z0-9][a-z0-9._-]*)*$`)
	// bucketName leaves out dots: they would not fit the certificate of S3's virtual hosts.
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)
	// calendar holds the characters of systemd.time(7); systemd-analyze checks the rest.
	calendar = regexp.MustCompile(`^[A-Za-z0-9*][A-Za-z0-9*:/,.~_+ -]*$`)

	reservable = []string{"cpu", "memory", "ephemeral-storage", "pid"}
	// evictable are the kubelet's eviction signals (kubelet.config.k8s.io/v1beta1, evictionHard).
	evictable = []string{"memory.available", "nodefs.available", "nodefs.inodesFree", "imagefs.available", "imagefs.inodesFree",
		"containerfs.available", "containerfs.inodesFree", "pid.available"}
)

func (c *NodeConfig) check(found *problems) {
	for field, name := range pairs("Cluster", c.Cluster, "Name", c.Name) {
		for _, message := range validation.IsDNS1123Label(name) {
			found.add(field, name, message)
		}
	}
	if !regionName.MatchString(c.Region) {
		found.add("Region", c.Region, "an AWS region such as ap-northeast-2 is right")
	}
	found.wrap("Labels", userdata.CheckLabels(c.Labels))
	found.wrap("Taints", userdata.CheckTaints(c.Taints))
	if c.MaxPods < 1 || c.MaxPods > 250 {
		found.add("MaxPods", c.MaxPods, "a number from 1 to 250 is right")
	}
	checkQuantities(found, "KubeReserved", c.KubeReserved, reservable, false)
	checkQuantities(found, "SystemReserved", c.SystemReserved, reservable, false)
	checkQuantities(found, "EvictionHard", c.EvictionHard, evictable, true)
	found.wrap("KubernetesVersion", CheckVersion(c.KubernetesVersion))
	if !packageRevision.MatchString(c.PackageRevision) {
		found.add("PackageRevision", c.PackageRevision, "a revision such as 1.1 is right")
	}
	if !containerdVersion.MatchString(c.ContainerdVersion) {
		found.add("ContainerdVersion", c.ContainerdVersion, "an apt version or pattern of containerd 2, such as 2.2.*, is right")
	}
	if c.DataMount != "" && (!mountPath.MatchString(c.DataMount) || path.Clean(c.DataMount) != c.DataMount || path.Dir(c.DataMount) == "/") {
		found.add("DataMount", c.DataMount, "an absolute path at least two levels deep, such as /var/lib/data, is right")
	}
	for _, image := range c.Images {
		if !imageReference.MatchString(image) {
			found.add("Images", image, "a reference with a tag or digest, such as quay.io/calico/node:v3.32.2, is right")
		}
	}
	c.Sources.check(found)
}

func (s *Sources) check(found *problems) {
	for field, address := range pairs(
		"Sources.KubernetesAPT", s.KubernetesAPT, "Sources.KubernetesAPTKey", s.KubernetesAPTKey,
		"Sources.ContainerdAPT", s.ContainerdAPT, "Sources.ContainerdAPTKey", s.ContainerdAPTKey,
		"Sources.IMDSEndpoint", s.IMDSEndpoint, "Sources.SSMEndpoint", s.SSMEndpoint, "Sources.S3Endpoint", s.S3Endpoint,
	) {
		parsed, err := url.Parse(address)
		if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" || strings.ContainsAny(address, "' \"\\\n") {
			found.add(field, address, "an http or https URL without quotes or spaces is right")
		}
	}
	if !imagePath.MatchString(s.ImageRepository) {
		found.add("Sources.ImageRepository", s.ImageRepository, "a registry with an optional path, such as registry.k8s.io, is right")
	}
}

func (c *ControlPlaneConfig) check(found *problems) {
	c.NodeConfig.check(found)
	private, err := netip.ParseAddr(c.PrivateIP)
	if err != nil || !private.Is4() || private.IsLoopback() || private.IsUnspecified() {
		found.add("PrivateIP", c.PrivateIP, "the machine's fixed IPv4 address is right")
	}
	var ranges []netip.Prefix
	for field, cidr := range pairs("PodCIDR", c.PodCIDR, "ServiceCIDR", c.ServiceCIDR) {
		prefix, err := netip.ParsePrefix(cidr)
		if err != nil || !prefix.Addr().Is4() || prefix != prefix.Masked() || prefix.Bits() > 24 {
			found.add(field, cidr, "an IPv4 range of at least /24, written with its first address, such as 192.168.0.0/16, is right")
			continue
		}
		if private.IsValid() && prefix.Contains(private) {
			found.add(field, cidr, "it must not contain the machine's own address "+c.PrivateIP)
		}
		ranges = append(ranges, prefix)
	}
	if len(ranges) == 2 && ranges[0].Overlaps(ranges[1]) {
		found.add("ServiceCIDR", c.ServiceCIDR, "it must not overlap PodCIDR "+c.PodCIDR)
	}
	if c.BackupBucket != "" && !bucketName.MatchString(c.BackupBucket) {
		found.add("BackupBucket", c.BackupBucket, "the name of an S3 bucket, or none, is right")
	}
	if !calendar.MatchString(c.BackupSchedule) {
		found.add("BackupSchedule", c.BackupSchedule, "a systemd calendar expression such as "+DefaultBackupSchedule+" is right")
	}
	for _, name := range c.CertSANs {
		if _, err := netip.ParseAddr(name); err != nil && len(validation.IsDNS1123Subdomain(name)) > 0 {
			found.add("CertSANs", name, "an IP address or a DNS name is right")
		}
	}
}

func checkQuantities(found *problems, field string, quantities map[string]string, keys []string, percentages bool) {
	for _, key := range slices.Sorted(maps.Keys(quantities)) {
		value := quantities[key]
		if !slices.Contains(keys, key) {
			found.add(field+" key", key, "one of "+strings.Join(keys, ", ")+" is right")
		}
		if percentages && isPercentage(value) {
			continue
		}
		quantity, err := resource.ParseQuantity(value)
		if err != nil || quantity.Sign() < 0 {
			found.add(field+"["+key+"]", value, "a quantity such as 100m or 256Mi is right")
		}
	}
}

func isPercentage(value string) bool {
	number, found := strings.CutSuffix(value, "%")
	share, err := strconv.ParseFloat(number, 64)
	return found && err == nil && share > 0 && share < 100
}

// pairs iterates over alternating names and values in the order given.
func pairs(namesAndValues ...string) func(yield func(name, value string) bool) {
	return func(yield func(name, value string) bool) {
		for i := 0; i+1 < len(namesAndValues); i += 2 {
			if !yield(namesAndValues[i], namesAndValues[i+1]) {
				return
			}
		}
	}
}
