package network

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// NATMode says how private subnets reach the internet.
type NATMode string

const (
	// NATNone gives private subnets no way out.
	NATNone NATMode = "none"
	// NATSingle shares one NAT gateway, in the first zone, among all private subnets.
	NATSingle NATMode = "single"
	// NATPerZone places a NAT gateway in every zone, so that a lost zone takes no other with it.
	NATPerZone NATMode = "perAz"
)

// VpcArgs describes a VPC with one public subnet, and optionally one private subnet, per zone.
type VpcArgs struct {
	// Region is the AWS region, for example "ap-northeast-2".
	Region string
	// CIDR is the IPv4 range of the VPC, /16 to /28.
	CIDR string
	// Zones are the availability zones, one per subnet, for example "ap-northeast-2a".
	Zones []string
	// PublicSubnetCIDRs has one range per zone, inside CIDR.
	PublicSubnetCIDRs []string
	// PrivateSubnetCIDRs is empty, or has one range per zone, inside CIDR.
	PrivateSubnetCIDRs []string
	// NAT is NATNone when empty.
	NAT NATMode
}

// Problem is one thing wrong with a VpcArgs.
type Problem struct {
	// Field is the field's name and Value what it holds.
	Field, Value string
	// Right says what would be right.
	Right string
}

// Error words the problem in one line.
func (p Problem) Error() string { return fmt.Sprintf("%s is %q; %s", p.Field, p.Value, p.Right) }

// Validate returns every problem of the arguments, joined.
func (a *VpcArgs) Validate() error {
	var joined []error
	for _, problem := range a.Problems() {
		joined = append(joined, problem)
	}
	return errors.Join(joined...)
}

// Problems lists everything that is wrong with the arguments.
func (a *VpcArgs) Problems() []Problem {
	var problems []Problem
	report := func(field, value, right string, args ...any) {
		problems = append(problems, Problem{field, value, fmt.Sprintf(right, args...)})
	}
	if a.Region == "" {
		report("Region", a.Region, "give an AWS region such as ap-northeast-2")
	}
	if len(a.Zones) == 0 {
		report("Zones", "", "give at least one availability zone")
	}
	for i, zone := range a.Zones {
		if zone == "" || slices.Contains(a.Zones[:i], zone) {
			report("Zones", zone, "give availability zones such as ap-northeast-2a, each once")
		}
	}
	if n := len(a.PublicSubnetCIDRs); n != len(a.Zones) {
		report("PublicSubnetCIDRs", fmt.Sprint(a.PublicSubnetCIDRs), "give one range for each of the %d zones", len(a.Zones))
	}
	if n := len(a.PrivateSubnetCIDRs); n != 0 && n != len(a.Zones) {
		report("PrivateSubnetCIDRs", fmt.Sprint(a.PrivateSubnetCIDRs), "give none, or one range for each of the %d zones", len(a.Zones))
	}
	switch a.NAT {
	case "", NATNone:
	case NATSingle, NATPerZone:
		if len(a.PrivateSubnetCIDRs) == 0 {
			report("NAT", string(a.NAT), "there is no private subnet to serve: give some, or use %s", NATNone)
		}
	default:
		report("NAT", string(a.NAT), "use one of %s, %s, %s", NATNone, NATSingle, NATPerZone)
	}
	return append(problems, a.rangeProblems()...)
}

// rangeProblems checks that every subnet lies in the VPC and overlaps no other.
func (a *VpcArgs) rangeProblems() []Problem {
	var problems []Problem
	vpc, err := netip.ParsePrefix(a.CIDR)
	if err != nil || !vpc.Addr().Is4() || vpc != vpc.Masked() {
		return []Problem{{"CIDR", a.CIDR, "give an IPv4 range such as 10.0.0.0/16"}}
	}
	if vpc.Bits() < 16 || vpc.Bits() > 28 {
		problems = append(problems, Problem{"CIDR", a.CIDR, "EC2 takes /16 to /28"})
	}
	var seen []netip.Prefix
	check := func(field string, cidrs []string) {
		for _, cidr := range cidrs {
			subnet, err := netip.ParsePrefix(cidr)
			if err != nil || !subnet.Addr().Is4() || subnet != subnet.Masked() {
				problems = append(problems, Problem{field, cidr, "give an IPv4 range such as 10.0.1.0/24"})
				continue
			}
			if !vpc.Contains(subnet.Addr()) || subnet.Bits() < vpc.Bits() {
				problems = append(problems, Problem{field, cidr, "give a range inside the VPC's " + a.CIDR})
			}
			if subnet.Bits() > 28 {
				problems = append(problems, Problem{field, cidr, "EC2 takes no subnet smaller than /28"})
			}
			for _, other := range seen {
				if other.Overlaps(subnet) {
					problems = append(problems, Problem{field, cidr, "it overlaps " + other.String() + "; give ranges apart"})
				}
			}
			seen = append(seen, subnet)
		}
	}
	check("PublicSubnetCIDRs", a.PublicSubnetCIDRs)
	check("PrivateSubnetCIDRs", a.PrivateSubnetCIDRs)
	return problems
}
