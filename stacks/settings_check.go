package stacks

import (
	"maps"
	"math/bits"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"

	"github.com/growbin/cluster/components/bucket"
	"github.com/growbin/cluster/components/cluster"
	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/loadbalancer"
	"github.com/growbin/cluster/components/network"
)

var (
	// imageTag is the grammar of a tag in an image reference, and of the digest that may follow it and then decides.
	imageTag = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}(@sha256:[0-9a-f]{64})?$`)
	// registryPath is a host, optionally with a port, and a path.
	registryPath = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*){0,8}$`)
	regionName   = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)
	stackName    = regexp.MustCompile(`^[a-z][a-z0-9-]{0,19}$`)
)

// validate checks the decoded values, also against each other.
func (s *Settings) validate(r *settingsReader) {
	if !stackName.MatchString(s.Stack) {
		r.invalid("stack", s.Stack, "must be at most 20 lower-case letters, digits and hyphens, a letter first")
	}
	s.validatePlace(r)
	s.validateRanges(r)
	s.validateAccess(r)
	s.validateMachines(r)
	s.validateImages(r)
	s.validateOperations(r)
	s.validateCost(r)
	s.validateComponents(r)
	s.validateBudgets(r)
	s.validateSnapshots(r)
}

func (s *Settings) validatePlace(r *settingsReader) {
	if s.Region != "" && !regionName.MatchString(s.Region) {
		r.invalid("region", s.Region, "must be an AWS region, e.g. ap-northeast-2")
	}
	const zones = 3 // of the topology
	if len(s.AvailabilityZones) != zones {
		r.invalid("availabilityZones", s.AvailabilityZones, "must be exactly %d zones of %s", zones, clip(s.Region))
	}
	for i, zone := range s.AvailabilityZones {
		if letter, ok := strings.CutPrefix(zone, s.Region); !ok || len(letter) != 1 || letter < "a" || letter > "z" {
			r.invalid("availabilityZones", zone, "must be a zone of region %[1]s, e.g. %[1]sa", clip(s.Region))
		}
		if slices.Contains(s.AvailabilityZones[:i], zone) {
			r.invalid("availabilityZones", zone, "must name each zone once")
		}
	}
}

// vpcArgs returns the arguments of the network; their problems are reported together with all others.
func (s *Settings) vpcArgs() *network.VpcArgs {
	return &network.VpcArgs{
		Region: s.Region, CIDR: s.VpcCIDR, Zones: s.AvailabilityZones,
		PublicSubnetCIDRs: s.PublicSubnetCIDRs, PrivateSubnetCIDRs: s.PrivateSubnetCIDRs, NAT: s.NATGateways, FlowLogDays: s.FlowLogDays,
	}
}

func (s *Settings) validateRanges(r *settingsReader) {
	if s.MaxRequests != 0 && s.MaxRequests < loadbalancer.MinMaxRequests {
		r.invalid("maxRequests", s.MaxRequests, "must be at least %d, or 0 for no limit", loadbalancer.MinMaxRequests)
	}
	for _, problem := range s.vpcArgs().Problems() {
		key, ok := map[string]string{
			"CIDR": "vpcCidr", "PublicSubnetCIDRs": "publicSubnetCidrs", "PrivateSubnetCIDRs": "privateSubnetCidrs", "NAT": "natGateways",
			"FlowLogDays": "flowLogDays",
		}[problem.Field]
		if ok { // region and zones have been checked above
			r.invalid(key, problem.Value, "%s", problem.Must)
		}
	}
	type named struct {
		key   string
		value string
		cidr  netip.Prefix
	}
	var ranges []named
	for _, candidate := range []named{{key: "vpcCidr", value: s.VpcCIDR}, {key: "podCidr", value: s.PodCIDR}, {key: "serviceCidr", value: s.ServiceCIDR}} {
		cidr, err := netip.ParsePrefix(candidate.value)
		if err != nil || !cidr.Addr().Is4() {
			if candidate.key != "vpcCidr" && candidate.value != "" {
				r.invalid(candidate.key, candidate.value, "must be an IPv4 range, e.g. 192.168.0.0/16")
			}
			continue
		}
		candidate.cidr = cidr
		for _, other := range ranges {
			if other.cidr.Overlaps(cidr) {
				r.invalid(candidate.key, candidate.value, "must not overlap %s%s %s", ConfigPrefix, other.key, clip(other.value))
			}
		}
		ranges = append(ranges, candidate)
		switch candidate.key {
		case "podCidr":
			// kubeadm gives each node a /24 of it.
			r.checkClusterRange(candidate.key, cidr, 8, 24-bits.Len(uint(2*len(s.Nodes)-1)))
		case "serviceCidr":
			// The API server allows at most 2^20 addresses; cluster DNS is the tenth.
			r.checkClusterRange(candidate.key, cidr, 12, 24)
		}
	}
}

func (s *Settings) validateAccess(r *settingsReader) {
	for i, value := range s.AdminCIDRs {
		cidr, err := netip.ParsePrefix(value)
		switch {
		case err != nil || !cidr.Addr().Is4():
			r.invalid("adminCidrs", value, "must be an IPv4 range, e.g. 198.51.100.7/32")
		case cidr != cidr.Masked():
			r.invalid("adminCidrs", value, "must begin with its first address, %s", cidr.Masked())
		case slices.Contains(s.AdminCIDRs[:i], value):
			r.invalid("adminCidrs", value, "must name each range once")
		case cidr.Bits() < cluster.WidestAdminBits:
			r.invalid("adminCidrs", value, "must be /%d or smaller: your own addresses, or use apiAccess sessionManager", cluster.WidestAdminBits)
		}
	}
	if s.APIAccess == AccessDirect && len(s.AdminCIDRs) == 0 {
		r.invalid("adminCidrs", s.AdminCIDRs, "must hold the address that you connect from, with apiAccess direct")
	}
	if s.APITunnelPort < 1024 || s.APITunnelPort > 65535 {
		r.invalid("apiTunnelPort", s.APITunnelPort, "must be a port from 1024 to 65535: lower ones need root")
	}
	s.validatePeople(r)
	if s.SSHKeyFile != "" && !keyFilePath.MatchString(s.SSHKeyFile) {
		r.invalid("sshKeyFile", s.SSHKeyFile, "must be a path of letters, digits and -_./ that begins with / or ~/, e.g. ~/.ssh/sesacthon.pem")
	}
	if s.Domain != "" && len(utilvalidation.IsDNS1123Subdomain(s.Domain)) > 0 {
		r.invalid("domain", s.Domain, "must be a domain, e.g. growbin.app")
	}
	if s.HostedZone != "" && s.Domain != s.HostedZone && !strings.HasSuffix(s.Domain, "."+s.HostedZone) {
		r.invalid("hostedZone", s.HostedZone, "must be the domain %q or a parent of it", s.Domain)
	}
	if s.NodeSubnets == subnetsPrivate {
		if len(s.PrivateSubnetCIDRs) == 0 || s.NATGateways == network.NATNone {
			r.invalid("nodeSubnets", s.NodeSubnets, "must be public without privateSubnetCidrs and natGateways: nodes download their packages")
		}
		if s.APIAccess == AccessDirect {
			r.invalid("apiAccess", string(s.APIAccess), "must be sessionManager with nodeSubnets private: the control plane has no public address")
		}
	}
}

func (s *Settings) validateMachines(r *settingsReader) {
	if s.MachineImage != "" && !machineImageID.MatchString(s.MachineImage) {
		r.invalid("machineImage", s.MachineImage, "must be an AMI of this account, e.g. ami-0123456789abcdef0, or empty for Canonical's current one")
	}
	if s.KubernetesVersion != "" {
		if kubeadm.CheckVersion(s.KubernetesVersion) != nil {
			r.invalid("kubernetesVersion", s.KubernetesVersion, "must be a full version, e.g. 1.36.3, of %s", strings.Join(kubeadm.SupportedMinors(), ", "))
		}
	}
	s.validateMirrors(r)
	s.validateRolling(r)
	if s.SSHKeyName != "" && !keyPairName.MatchString(s.SSHKeyName) {
		r.invalid("sshKeyName", s.SSHKeyName, "must be the name of an EC2 key pair")
	}
}

func (s *Settings) validateImages(r *settingsReader) {
	if s.ImageRegistry != "" && !registryPath.MatchString(s.ImageRegistry) {
		r.invalid("imageRegistry", s.ImageRegistry, "must be a registry and path, e.g. ghcr.io/growbin")
	}
	check := func(key, tag string) {
		if must := checkTag(tag); tag != "" && must != "" {
			r.invalid(key, tag, "%s", must)
		}
	}
	if s.RegistryUsername != "" && !registryUser.MatchString(s.RegistryUsername) {
		r.invalid("registryUsername", s.RegistryUsername, "must be the name of a registry account, e.g. robot$ci")
	}
	check("imageTag", s.ImageTag)
	applications := ApplicationNames()
	for _, name := range slices.Sorted(maps.Keys(s.ImageTags)) {
		check("imageTags", s.ImageTags[name])
		if !slices.Contains(applications, name) {
			r.invalid("imageTags", name, "must name one of %s", strings.Join(applications, ", "))
		}
	}
}

// checkTag returns what an image tag must be; empty if it is valid.
func checkTag(tag string) string {
	switch {
	case tag == "latest":
		return "must be a version: latest changes its content"
	case !imageTag.MatchString(tag):
		return "must be an image tag, e.g. 1.4.2, or one with its digest, 1.4.2@sha256:…"
	}
	return ""
}

// repositoryName is GitHub's grammar of owner/name.
var repositoryName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}$`)

func (s *Settings) validateReleases(r *settingsReader) {
	for _, name := range slices.Sorted(maps.Keys(s.ReleaseRepositories)) {
		if !slices.Contains(ApplicationNames(), name) {
			r.invalid("releaseRepositories", name, "must name one of %s", strings.Join(ApplicationNames(), ", "))
		}
		if !repositoryName.MatchString(s.ReleaseRepositories[name]) {
			r.invalid("releaseRepositories", s.ReleaseRepositories[name], "must be a GitHub repository, e.g. growbin/waste-api")
		}
	}
	if len(s.ReleaseRepositories) > 0 && s.GitPath != "" {
		r.invalid("releaseRepositories", len(s.ReleaseRepositories), "must be empty with gitPath: Argo CD owns the images then")
	}
}

func (s *Settings) validateOperations(r *settingsReader) {
	// The database validates its disk: dumps that do not fit must be found before the disk exists.
	if node, err := nodeNamed(s.Nodes, nodePostgreSQL); err == nil {
		database := s.databaseArgs(node.place(pulumi.String(storageClass)))
		database.Namespace = pulumi.String(namespaceData)
		if err := database.Validate(); err != nil {
			r.invalid("backupKeepDays", s.BackupKeepDays, "must fit the database: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
		}
	}
	for i, origin := range s.ImageOrigins {
		if !bucket.IsOrigin(origin) {
			r.invalid("imageOrigins", origin, "must be scheme, host and port of a page, e.g. https://growbin.app")
		} else if slices.Contains(s.ImageOrigins[:i], origin) {
			r.invalid("imageOrigins", origin, "must be named once")
		}
	}
	if len(s.ImageOrigins) > bucket.MaxOrigins {
		r.invalid("imageOrigins", len(s.ImageOrigins), "must be at most %d origins", bucket.MaxOrigins)
	}
	s.validateAlerts(r)
	s.validateGit(r)
	s.validateReleases(r)
}
