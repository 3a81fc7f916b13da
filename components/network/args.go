package network

import (
	"errors"
	"net/netip"
	"slices"

	"github.com/growbin/cluster/components/validation"
)

// NATMode is the way of private subnets to the internet.
type NATMode string

const (
	// NATNone leaves private subnets without internet.
	NATNone NATMode = "none"
	// NATSingle shares one NAT gateway, in the first zone, among all private subnets.
	NATSingle NATMode = "single"
	// NATPerZone places a NAT gateway in every zone, so that the loss of one zone does not affect the others.
	NATPerZone NATMode = "perAz"
)

// VpcArgs describes a VPC with one public subnet, and optionally one private subnet, per zone.
type VpcArgs struct {
	// Region is the AWS region, e.g. ap-northeast-2.
	Region string `pulumi:"region"`
	// CIDR is the IPv4 range of the VPC, /16 to /28.
	CIDR string `pulumi:"cidr"`
	// Zones are the availability zones, e.g. ap-northeast-2a.
	Zones []string `pulumi:"zones"`
	// PublicSubnetCIDRs holds one range for each zone, inside CIDR.
	PublicSubnetCIDRs []string `pulumi:"publicSubnetCidrs"`
	// PrivateSubnetCIDRs is empty, or holds one range for each zone, inside CIDR.
	PrivateSubnetCIDRs []string `pulumi:"privateSubnetCidrs"`
	// NAT is the way of private subnets to the internet; NATNone when empty.
	NAT NATMode `pulumi:"nat"`
	// ReservedIPs are addresses inside the subnets that AWS gives only to a resource that asks for one by its value, e.g. that
	// of a control plane. Resources in the subnets must depend on the Vpc.
	ReservedIPs []string `pulumi:"reservedIps"`
	// FlowLogDays is the number of days for which a log of all connections is kept, one of FlowLogDays; 0 for no log.
	FlowLogDays int `pulumi:"flowLogDays"`
}

// Validate returns all problems of the arguments, joined.
func (a *VpcArgs) Validate() error {
	var problems validation.Problems
	a.validate(&problems)
	return problems.Err()
}

// Problems lists all problems of the arguments.
func (a *VpcArgs) Problems() []validation.Problem {
	var found validation.Problems
	a.validate(&found)
	var problems []validation.Problem
	for _, err := range found.List() {
		var problem validation.Problem
		if errors.As(err, &problem) {
			problems = append(problems, problem)
		}
	}
	return problems
}

func (a *VpcArgs) validate(problems *validation.Problems) {
	if a.Region == "" {
		problems.NotSet("Region", "must be an AWS region, e.g. ap-northeast-2")
	}
	if len(a.Zones) == 0 {
		problems.NotSet("Zones", "must hold at least one availability zone")
	}
	for i, zone := range a.Zones {
		if zone == "" || slices.Contains(a.Zones[:i], zone) {
			problems.Add("Zones", zone, "must be availability zones, e.g. ap-northeast-2a, each once")
		}
	}
	if n := len(a.PublicSubnetCIDRs); n != len(a.Zones) {
		problems.Add("PublicSubnetCIDRs", a.PublicSubnetCIDRs, "must hold one range for each of the %d zones", len(a.Zones))
	}
	if n := len(a.PrivateSubnetCIDRs); n != 0 && n != len(a.Zones) {
		problems.Add("PrivateSubnetCIDRs", a.PrivateSubnetCIDRs, "must be empty, or hold one range for each of the %d zones", len(a.Zones))
	}
	if a.FlowLogDays != 0 && !slices.Contains(FlowLogDays, a.FlowLogDays) {
		problems.Add("FlowLogDays", a.FlowLogDays, "must be one of %v, or 0 for no log", FlowLogDays)
	}
	switch a.NAT {
	case "", NATNone:
	case NATSingle, NATPerZone:
		if len(a.PrivateSubnetCIDRs) == 0 {
			problems.Add("NAT", string(a.NAT), "must be %s without private subnets", NATNone)
		}
	default:
		problems.Add("NAT", string(a.NAT), "must be one of %s, %s, %s", NATNone, NATSingle, NATPerZone)
	}
	a.validateRanges(problems)
}

// validateRanges checks that every subnet lies in the VPC and overlaps no other.
func (a *VpcArgs) validateRanges(problems *validation.Problems) {
	vpc, err := netip.ParsePrefix(a.CIDR)
	if err != nil || !vpc.Addr().Is4() || vpc != vpc.Masked() {
		problems.Add("CIDR", a.CIDR, "must be an IPv4 range, e.g. 10.0.0.0/16")
		return
	}
	if vpc.Bits() < 16 || vpc.Bits() > 28 {
		problems.Add("CIDR", a.CIDR, "must be /16 to /28 for EC2")
	}
	var seen []netip.Prefix
	check := func(field string, cidrs []string) {
		for _, cidr := range cidrs {
			subnet, err := netip.ParsePrefix(cidr)
			if err != nil || !subnet.Addr().Is4() || subnet != subnet.Masked() {
				problems.Add(field, cidr, "must be an IPv4 range, e.g. 10.0.1.0/24")
				continue
			}
			if !vpc.Contains(subnet.Addr()) || subnet.Bits() < vpc.Bits() {
				problems.Add(field, cidr, "must lie inside the VPC's range %s", a.CIDR)
			}
			if subnet.Bits() > 28 {
				problems.Add(field, cidr, "must be /28 or larger for EC2")
			}
			for _, other := range seen {
				if other.Overlaps(subnet) {
					problems.Add(field, cidr, "must not overlap %s", other)
				}
			}
			seen = append(seen, subnet)
		}
	}
	check("PublicSubnetCIDRs", a.PublicSubnetCIDRs)
	check("PrivateSubnetCIDRs", a.PrivateSubnetCIDRs)
	for _, ip := range a.ReservedIPs {
		address, err := netip.ParseAddr(ip)
		if err != nil || !slices.ContainsFunc(seen, func(subnet netip.Prefix) bool { return subnet.Contains(address) }) {
			problems.Add("ReservedIPs", ip, "must be an IPv4 address in one of the subnets")
		}
	}
}
