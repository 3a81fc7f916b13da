package stacks

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/components/network"
)

var (
	// imageTag is the grammar of a tag in an image reference.
	imageTag = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
	// registryPath is a host, optionally with a port, and a path.
	registryPath = regexp.MustCompile(`^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*$`)
	regionName   = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)
	stackName    = regexp.MustCompile(`^[a-z][a-z0-9-]{0,19}$`)
)

// validate reports what decoding alone does not see.
func (s *Settings) validate(r *reader) {
	if !stackName.MatchString(s.Stack) {
		r.wrong("(stack name)", s.Stack, "use at most 20 lower-case letters, digits and hyphens, a letter first")
	}
	s.validatePlace(r)
	s.validateRanges(r)
	s.validateAccess(r)
	s.validateMachines(r)
	s.validateImages(r)
	s.validateOperations(r)
}

func (s *Settings) validatePlace(r *reader) {
	if s.Region != "" && !regionName.MatchString(s.Region) {
		r.wrong("region", s.Region, "give an AWS region such as ap-northeast-2")
	}
	const zones = 3 // the topology spreads over three
	if len(s.AvailabilityZones) != zones {
		r.wrong("availabilityZones", s.AvailabilityZones, "give exactly %d zones of %s", zones, s.Region)
	}
	for i, zone := range s.AvailabilityZones {
		if len(zone) != len(s.Region)+1 || !strings.HasPrefix(zone, s.Region) {
			r.wrong("availabilityZones", zone, "give a zone of region %s, such as %sa", s.Region, s.Region)
		}
		if slices.Contains(s.AvailabilityZones[:i], zone) {
			r.wrong("availabilityZones", zone, "name each zone once")
		}
	}
}

// vpcArgs are the network's arguments; checking them here reports their problems together with all others.
func (s *Settings) vpcArgs() *network.VpcArgs {
	return &network.VpcArgs{
		Region: s.Region, CIDR: s.VpcCIDR, Zones: s.AvailabilityZones,
		PublicSubnetCIDRs: s.PublicSubnetCIDRs, PrivateSubnetCIDRs: s.PrivateSubnetCIDRs, NAT: s.NATGateways,
	}
}

func (s *Settings) validateRanges(r *reader) {
	for _, problem := range s.vpcArgs().Problems() {
		key, ok := map[string]string{
			"CIDR": "vpcCidr", "PublicSubnetCIDRs": "publicSubnetCidrs", "PrivateSubnetCIDRs": "privateSubnetCidrs", "NAT": "natGateways",
		}[problem.Field]
		if ok { // region and zones have been checked above
			r.wrong(key, problem.Value, "%s", problem.Must)
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
				r.wrong(candidate.key, candidate.value, "give an IPv4 range such as 192.168.0.0/16")
			}
			continue
		}
		candidate.cidr = cidr
		for _, other := range ranges {
			if other.cidr.Overlaps(cidr) {
				r.wrong(candidate.key, candidate.value, "it overlaps %s%s %s; give ranges apart", ConfigPrefix, other.key, other.value)
			}
		}
		ranges = append(ranges, candidate)
	}
}

func (s *Settings) validateAccess(r *reader) {
	for _, value := range s.AdminCIDRs {
		cidr, err := netip.ParsePrefix(value)
		switch {
		case err != nil || !cidr.Addr().Is4():
			r.wrong("adminCidrs", value, "give an IPv4 range such as 198.51.100.7/32")
		case cidr.Bits() < 8:
			r.wrong("adminCidrs", value, "that is most of the internet; give your own addresses, or use apiAccess sessionManager")
		}
	}
	if s.APIAccess == AccessDirect && len(s.AdminCIDRs) == 0 {
		r.wrong("adminCidrs", s.AdminCIDRs, "apiAccess direct needs the address you connect from; or use apiAccess sessionManager")
	}
	if s.APITunnelPort < 1 || s.APITunnelPort > 65535 {
		r.wrong("apiTunnelPort", s.APITunnelPort, "give a port from 1 to 65535")
	}
	if s.NodeSubnets == "private" {
		if len(s.PrivateSubnetCIDRs) == 0 || s.NATGateways == network.NATNone {
			r.wrong("nodeSubnets", s.NodeSubnets, "set privateSubnetCidrs and natGateways too: a node must reach its packages")
		}
		if s.APIAccess == AccessDirect {
			r.wrong("apiAccess", string(s.APIAccess), "a control plane in a private subnet has no public address; use sessionManager")
		}
	}
}

func (s *Settings) validateMachines(r *reader) {
	if s.MachineImage != "" && !machineImageID.MatchString(s.MachineImage) {
		r.wrong("machineImage", s.MachineImage, "give an image of this account such as ami-0123456789abcdef0, or nothing for Canonical's current one")
	}
	if s.KubernetesVersion != "" {
		if kubeadm.CheckVersion(s.KubernetesVersion) != nil {
			r.wrong("kubernetesVersion", s.KubernetesVersion, "give a full version such as 1.36.3, of %s", strings.Join(kubeadm.SupportedMinors(), ", "))
		}
	}
	s.validateRolling(r)
	if s.BootTimeout < time.Minute {
		r.wrong("bootTimeoutMinutes", int(s.BootTimeout/time.Minute), "give at least 1; a machine takes about 4 minutes to join")
	}
}

func (s *Settings) validateImages(r *reader) {
	if s.ImageRegistry != "" && !registryPath.MatchString(s.ImageRegistry) {
		r.wrong("imageRegistry", s.ImageRegistry, "give a registry and path such as ghcr.io/growbin")
	}
	check := func(key, tag string) {
		switch {
		case tag == "":
		case tag == "latest":
			r.wrong(key, tag, "name a version: latest moves, and nobody knows what ran")
		case !imageTag.MatchString(tag):
			r.wrong(key, tag, "give an image tag such as 1.4.2")
		}
	}
	check("imageTag", s.ImageTag)
	applications := ApplicationNames()
	for _, name := range sortedKeys(s.ImageTags) {
		check("imageTags", s.ImageTags[name])
		if !slices.Contains(applications, name) {
			r.wrong("imageTags", name, "use one of %s", strings.Join(applications, ", "))
		}
	}
}

func (s *Settings) validateOperations(r *reader) {
	// The database plans its disk: what does not fit must be known before there is a disk.
	if node, err := nodeNamed(s.Nodes, nodePostgreSQL); err == nil {
		database := s.databaseArgs(node.place(pulumi.String(storageClass)))
		database.Namespace = pulumi.String(namespaceData)
		if err := database.Validate(); err != nil {
			r.wrong("backupKeepDays", s.BackupKeepDays, "%s", strings.ReplaceAll(err.Error(), "\n", "; "))
		}
	}
	if s.EtcdBackupKeepDays < 1 {
		r.wrong("etcdBackupKeepDays", s.EtcdBackupKeepDays, "give at least 1")
	}
	if s.AlertReceiver == string(monitoring.ReceiverSlack) && !strings.HasPrefix(s.AlertChannel, "#") {
		r.wrong("alertChannel", s.AlertChannel, "give a Slack channel such as #alerts")
	}
	if s.GitPath != "" && s.GitRepository == "" {
		r.wrong("gitRepository", s.GitRepository, "give the repository that gitPath is in")
	}
	if s.GitRepository != "" && !strings.HasPrefix(s.GitRepository, "https://") {
		r.wrong("gitRepository", s.GitRepository, "give an address such as https://github.com/growbin/deployments")
	}
}
