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
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"

	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/components/validation"
)

var (
	regionName = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)
	mountPath  = regexp.MustCompile(`^(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$`)
	// imageReference is host or user, path, and tag or digest or both; a tag is required, so that the node pulls the image that pods refer to.
	imageReference = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*(:[0-9]+)?(/[a-z0-9][a-z0-9._-]*)*(:[A-Za-z0-9_][A-Za-z0-9._-]*(@sha256:[0-9a-f]{64})?|@sha256:[0-9a-f]{64})$`)
	imagePath      = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*(:[0-9]+)?(/[a-z0-9][a-z0-9._-]*)*$`)
	keyFingerprint = regexp.MustCompile(`^[0-9A-F]{40}$`)
	// mirrorURL is the address of a mirror, without a user, a query or characters that a shell, YAML or TOML would read.
	mirrorURL    = regexp.MustCompile(`^https?://[A-Za-z0-9]([A-Za-z0-9.-]{0,200}[A-Za-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*/?$`)
	registryHost = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,200}[a-z0-9])?(:[0-9]{1,5})?$`)
	// bucketName excludes dots: the certificate of S3's virtual hosts does not cover them.
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)
	// calendar holds the characters of systemd.time(7); systemd-analyze checks the rest.
	calendar = regexp.MustCompile(`^[A-Za-z0-9*][A-Za-z0-9*:/,.~_+ -]*$`)

	reservable = []string{"cpu", "memory", "ephemeral-storage", "pid"}
	// evictable are the kubelet's eviction signals (kubelet.config.k8s.io/v1beta1, evictionHard).
	evictable = []string{"memory.available", "nodefs.available", "nodefs.inodesFree", "imagefs.available", "imagefs.inodesFree",
		"containerfs.available", "containerfs.inodesFree", "pid.available"}
)

// Validate returns all problems of the configuration, joined.
func (c *NodeConfig) Validate() error {
	var problems validation.Problems
	AddLabelProblems(&problems, "Cluster", c.Cluster)
	AddLabelProblems(&problems, "Name", c.Name)
	if !regionName.MatchString(c.Region) {
		problems.Add("Region", c.Region, "must be an AWS region, e.g. ap-northeast-2")
	}
	problems.Include("", userdata.CheckLabels(c.Labels))
	problems.Include("", userdata.CheckTaints(c.Taints))
	if c.MaxPods < 1 || c.MaxPods > 250 {
		problems.Add("MaxPods", c.MaxPods, "must be 1 to 250")
	}
	addQuantityProblems(&problems, "KubeReserved", c.KubeReserved, reservable, false)
	addQuantityProblems(&problems, "SystemReserved", c.SystemReserved, reservable, false)
	addQuantityProblems(&problems, "EvictionHard", c.EvictionHard, evictable, true)
	problems.Include("", CheckVersion(c.KubernetesVersion))
	if !packageRevision.MatchString(c.PackageRevision) {
		problems.Add("PackageRevision", c.PackageRevision, "must be a revision, e.g. 1.1")
	}
	if !containerdVersion.MatchString(c.ContainerdVersion) {
		problems.Add("ContainerdVersion", c.ContainerdVersion, "must be an apt version or pattern of containerd 2, e.g. 2.2.*")
	}
	if c.DataMount != "" && (!mountPath.MatchString(c.DataMount) || path.Clean(c.DataMount) != c.DataMount || path.Dir(c.DataMount) == "/") {
		problems.Add("DataMount", c.DataMount, "must be an absolute path at least two levels deep, e.g. /var/lib/data")
	}
	for _, image := range c.Images {
		if !imageReference.MatchString(image) {
			problems.Add("Images", image, "must be a reference with a tag or digest, e.g. quay.io/calico/node:v3.32.2")
		}
	}
	problems.Include("Sources", c.Sources.Validate())
	return problems.Err()
}

// Validate returns all problems of the addresses, joined.
func (s *Sources) Validate() error {
	var problems validation.Problems
	for field, address := range pairs(
		"KubernetesAPT", s.KubernetesAPT, "KubernetesAPTKey", s.KubernetesAPTKey,
		"ContainerdAPT", s.ContainerdAPT, "ContainerdAPTKey", s.ContainerdAPTKey,
		"IMDSEndpoint", s.IMDSEndpoint, "SSMEndpoint", s.SSMEndpoint, "S3Endpoint", s.S3Endpoint, "ELBEndpoint", s.ELBEndpoint,
	) {
		parsed, err := url.Parse(address)
		if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" || strings.ContainsAny(address, "' \"\\\n") {
			problems.Add(field, address, "must be an http or https URL without quotes or spaces")
		}
	}
	for field, fingerprint := range pairs("KubernetesFingerprint", s.KubernetesFingerprint, "ContainerdFingerprint", s.ContainerdFingerprint) {
		if !keyFingerprint.MatchString(fingerprint) {
			problems.Add(field, fingerprint, "must be 40 hexadecimal digits in upper case")
		}
	}
	if s.UbuntuAPT != "" && !mirrorURL.MatchString(s.UbuntuAPT) {
		problems.Add("UbuntuAPT", s.UbuntuAPT, "must be an http or https URL without user, query or spaces")
	}
	for _, registry := range slices.Sorted(maps.Keys(s.ImageMirrors)) {
		if !registryHost.MatchString(registry) {
			problems.Add("ImageMirrors", registry, "must be the host of a registry, e.g. docker.io")
		}
		if mirror := s.ImageMirrors[registry]; !mirrorURL.MatchString(mirror) {
			problems.Add("ImageMirrors", mirror, "must be an http or https URL without user, query or spaces")
		}
	}
	if !imagePath.MatchString(s.ImageRepository) {
		problems.Add("ImageRepository", s.ImageRepository, "must be a registry with an optional path, e.g. registry.k8s.io")
	}
	return problems.Err()
}

// Validate returns all problems of the configuration, joined.
func (c *ControlPlaneConfig) Validate() error {
	var problems validation.Problems
	problems.Include("", c.NodeConfig.Validate())
	private, err := netip.ParseAddr(c.PrivateIP)
	if err != nil || !private.Is4() || private.IsLoopback() || private.IsUnspecified() {
		problems.Add("PrivateIP", c.PrivateIP, "must be the fixed IPv4 address of the instance")
	}
	var ranges []netip.Prefix
	for field, cidr := range pairs("PodCIDR", c.PodCIDR, "ServiceCIDR", c.ServiceCIDR) {
		prefix, err := netip.ParsePrefix(cidr)
		if err != nil || !prefix.Addr().Is4() || prefix != prefix.Masked() || prefix.Bits() > 24 {
			problems.Add(field, cidr, "must be an IPv4 range of at least /24, written with its first address, e.g. 192.168.0.0/16")
			continue
		}
		if private.IsValid() && prefix.Contains(private) {
			problems.Add(field, cidr, "must not contain the address of the instance, %s", c.PrivateIP)
		}
		ranges = append(ranges, prefix)
	}
	if len(ranges) == 2 && ranges[0].Overlaps(ranges[1]) {
		problems.Add("ServiceCIDR", c.ServiceCIDR, "must not overlap PodCIDR %s", c.PodCIDR)
	}
	if c.DNS != nil {
		problems.Include("DNS", c.DNS.Validate())
	}
	if c.BackupBucket != "" && !bucketName.MatchString(c.BackupBucket) {
		problems.Add("BackupBucket", c.BackupBucket, "must be the name of an S3 bucket, or empty")
	}
	if c.IssuerBucket != "" && !bucketName.MatchString(c.IssuerBucket) {
		problems.Add("IssuerBucket", c.IssuerBucket, "must be the name of an S3 bucket, or empty")
	}
	if !calendar.MatchString(c.BackupSchedule) {
		problems.Add("BackupSchedule", c.BackupSchedule, "must be a systemd calendar expression, e.g. %s", DefaultBackupSchedule)
	}
	for _, name := range c.CertSANs {
		if _, err := netip.ParseAddr(name); err != nil && len(utilvalidation.IsDNS1123Subdomain(name)) > 0 {
			problems.Add("CertSANs", name, "must be an IP address or a DNS name")
		}
	}
	return problems.Err()
}

func addQuantityProblems(problems *validation.Problems, field string, quantities map[string]string, keys []string, percentages bool) {
	for _, key := range slices.Sorted(maps.Keys(quantities)) {
		value := quantities[key]
		if !slices.Contains(keys, key) {
			problems.Add(field+" key", key, "must be one of %s", strings.Join(keys, ", "))
		}
		if percentages && isPercentage(value) {
			continue
		}
		quantity, err := resource.ParseQuantity(value)
		if err != nil || quantity.Sign() < 0 {
			problems.Add(field+"["+key+"]", value, "must be a quantity, e.g. 100m or 256Mi")
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
