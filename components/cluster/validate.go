package cluster

import (
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/network"
	"github.com/growbin/cluster/components/validation"
)

// WidestAdminBits is the shortest prefix of an administrators' range: 65,536 addresses are more than any office has.
const WidestAdminBits = 16

// Check returns all problems of the arguments of a cluster called name, joined, before anything is created.
func (a *ClusterArgs) Check(name string) error { return a.withDefaults().validate(name) }

// validate returns all problems of the arguments of a cluster called name, with those of the composed components.
func (a *ClusterArgs) validate(name string) error {
	var problems validation.Problems
	problems.Include("Network", a.Network.Validate())
	a.validateAccess(&problems)
	a.validateNodes(&problems)
	if a.BackupKeepDays < 0 {
		problems.Add("BackupKeepDays", a.BackupKeepDays, "must be at least 1, or 0 for %d", DefaultBackupKeepDays)
	}
	if len(problems.List()) > 0 {
		return problems.Err() // the checks below would only repeat them
	}
	problems.Include("", a.securityGroups(pulumi.String("")).Validate())
	problems.Include("", a.bootstrap(name, nil, nil).Validate())
	for _, n := range a.Nodes {
		field := "Nodes[" + n.Name + "]"
		if err := a.instance(n).Validate(); err != nil {
			problems.Include(field, err)
			continue
		}
		// Everything but the names of the buckets is known before the deployment.
		_, err := a.userData(name, n, Buckets{Backups: "unknown", Issuer: "unknown"})
		problems.Include(field, err)
	}
	return problems.Err()
}

func (a *ClusterArgs) validateAccess(problems *validation.Problems) {
	for _, value := range a.AdminCIDRs {
		cidr, err := netip.ParsePrefix(value)
		switch {
		case err != nil || !cidr.Addr().Is4():
			problems.Add("AdminCIDRs", value, "must be an IPv4 range, e.g. 198.51.100.7/32")
		case cidr.Bits() < WidestAdminBits:
			problems.Add("AdminCIDRs", value, "must be your own addresses: a range wider than /%d holds those of many others", WidestAdminBits)
		}
	}
	if a.APIServerURL != "" {
		if parsed, err := url.Parse(a.APIServerURL); err != nil || parsed.Scheme != "https" || parsed.Host == "" {
			problems.Add("APIServerURL", a.APIServerURL, "must be an https URL, e.g. https://127.0.0.1:6443")
		}
	} else if len(a.AdminCIDRs) == 0 || a.PrivateNodes {
		problems.NotSet("APIServerURL", "must be the URL of a port forward, unless AdminCIDRs hold your address and the nodes are in public subnets")
	}
	if a.PrivateNodes && (len(a.Network.PrivateSubnetCIDRs) == 0 || a.Network.NAT == "" || a.Network.NAT == network.NATNone) {
		problems.Add("PrivateNodes", a.PrivateNodes, "must come with Network.PrivateSubnetCIDRs and Network.NAT: nodes download packages and images")
	}
}

func (a *ClusterArgs) validateNodes(problems *validation.Problems) {
	controlPlanes := 0
	for i, n := range a.Nodes {
		if n.Role == RoleControlPlane {
			controlPlanes++
		}
		if slices.ContainsFunc(a.Nodes[:i], func(other Node) bool { return other.Name == n.Name }) {
			problems.Add("Nodes", n.Name, "must be the name of one node only")
		}
		for _, group := range n.Groups {
			if _, ok := a.MoreGroups[group]; !ok {
				problems.Add(fmt.Sprintf("Nodes[%s].Groups", n.Name), group, "must be one of MoreGroups %v", slices.Sorted(maps.Keys(a.MoreGroups)))
			}
		}
		if !slices.Contains(a.Network.Zones, n.Zone) {
			problems.Add(fmt.Sprintf("Nodes[%s].Zone", n.Name), n.Zone, "must be one of Network.Zones %v", a.Network.Zones)
		}
	}
	if controlPlanes != 1 {
		problems.Add("Nodes", controlPlanes, "must hold exactly one node with the role %s", RoleControlPlane)
	}
	for _, role := range a.DNSRoles {
		if !slices.Contains(a.roles(), role) {
			problems.Add("DNSRoles", role, "must be one of %v", a.roles())
		}
	}
	for _, group := range a.MonitoringGroups {
		if _, more := a.MoreGroups[group]; !more && !slices.Contains(a.roles(), group) {
			problems.Add("MonitoringGroups", group, "must be one of %v or of MoreGroups", a.roles())
		}
	}
}
