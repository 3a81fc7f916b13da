package network

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// validArgs are public subnets in two zones.
func validArgs() VpcArgs {
	return VpcArgs{
		Region: "ap-northeast-2", CIDR: "10.0.0.0/16",
		Zones:             []string{"ap-northeast-2a", "ap-northeast-2c"},
		PublicSubnetCIDRs: []string{"10.0.0.0/20", "10.0.16.0/20"},
	}
}

// withPrivate adds private subnets.
func withPrivate(nat NATMode) VpcArgs {
	args := validArgs()
	args.PrivateSubnetCIDRs, args.NAT = []string{"10.0.128.0/20", "10.0.144.0/20"}, nat
	return args
}

func TestVpcArgs_Valid(t *testing.T) {
	for _, args := range []VpcArgs{validArgs(), withPrivate(""), withPrivate(NATNone), withPrivate(NATSingle), withPrivate(NATPerZone)} {
		assert.NoError(t, args.Validate())
	}
	smallest := validArgs()
	smallest.CIDR, smallest.Zones, smallest.PublicSubnetCIDRs = "10.0.0.16/28", smallest.Zones[:1], []string{"10.0.0.16/28"}
	assert.NoError(t, smallest.Validate(), "one subnet may fill the VPC")
}

// Each change makes exactly one problem.
func TestVpcArgs_OneProblem(t *testing.T) {
	for _, tt := range []struct {
		want   string
		change func(*VpcArgs)
	}{
		{`Region: not set, must be an AWS region`, func(a *VpcArgs) { a.Region = "" }},
		{`Zones: not set, must hold`, func(a *VpcArgs) { a.Zones, a.PublicSubnetCIDRs, a.PrivateSubnetCIDRs = nil, nil, nil }},
		{`Zones: "" must be`, func(a *VpcArgs) { a.Zones[0] = "" }},
		{`Zones: "ap-northeast-2a" must be availability zones, e.g. ap-northeast-2a, each once`, func(a *VpcArgs) { a.Zones[1] = a.Zones[0] }},
		{`PublicSubnetCIDRs: ["10.0.0.0/20"] must hold one range for each of the 2 zones`, func(a *VpcArgs) { a.PublicSubnetCIDRs = a.PublicSubnetCIDRs[:1] }},
		{`PrivateSubnetCIDRs: ["10.0.128.0/20"] must be empty, or hold one range for each of the 2 zones`, func(a *VpcArgs) { a.PrivateSubnetCIDRs = a.PrivateSubnetCIDRs[:1] }},
		{`NAT: "twice" must be one of none, single, perAz`, func(a *VpcArgs) { a.NAT = "twice" }},
		{`NAT: "single" must be none without private subnets`, func(a *VpcArgs) { a.NAT, a.PrivateSubnetCIDRs = NATSingle, nil }},
		{`NAT: "perAz" must be none without private subnets`, func(a *VpcArgs) { a.NAT, a.PrivateSubnetCIDRs = NATPerZone, nil }},
		{`CIDR: "10.0.0.0" must be an IPv4 range`, func(a *VpcArgs) { a.CIDR = "10.0.0.0" }},
		{`CIDR: "10.0.1.0/16" must be an IPv4 range`, func(a *VpcArgs) { a.CIDR = "10.0.1.0/16" }},
		{`CIDR: "fd00::/16" must be an IPv4 range`, func(a *VpcArgs) { a.CIDR = "fd00::/16" }},
		{`FlowLogDays: 10 must be one of`, func(a *VpcArgs) { a.FlowLogDays = 10 }},
		{`CIDR: "10.0.0.0/8" must be /16 to /28`, func(a *VpcArgs) { a.CIDR = "10.0.0.0/8" }},
		{`PublicSubnetCIDRs: "10.0.0.1/20" must be an IPv4 range`, func(a *VpcArgs) { a.PublicSubnetCIDRs[0] = "10.0.0.1/20" }},
		{`PrivateSubnetCIDRs: "private" must be an IPv4 range`, func(a *VpcArgs) { a.PrivateSubnetCIDRs[1] = "private" }},
		{`PublicSubnetCIDRs: "fd00::/64" must be an IPv4 range`, func(a *VpcArgs) { a.PublicSubnetCIDRs[0] = "fd00::/64" }},
		{`PublicSubnetCIDRs: "10.1.0.0/20" must lie inside the VPC's range 10.0.0.0/16`, func(a *VpcArgs) { a.PublicSubnetCIDRs[0] = "10.1.0.0/20" }},
		{`PrivateSubnetCIDRs: "10.0.128.0/29" must be /28 or larger`, func(a *VpcArgs) { a.PrivateSubnetCIDRs[0] = "10.0.128.0/29" }},
		{`PrivateSubnetCIDRs: "10.0.24.0/24" must not overlap 10.0.16.0/20`, func(a *VpcArgs) { a.PrivateSubnetCIDRs[0] = "10.0.24.0/24" }},
		{`ReservedIPs: "10.0.255.1" must be an IPv4 address in one of the subnets`, func(a *VpcArgs) { a.ReservedIPs = []string{"10.0.255.1"} }},
		{`ReservedIPs: "ten" must be an IPv4 address`, func(a *VpcArgs) { a.ReservedIPs = []string{"ten"} }},
	} {
		t.Run(tt.want, func(t *testing.T) {
			args := withPrivate(NATNone)
			tt.change(&args)
			require.ErrorContains(t, args.Validate(), tt.want)
			require.Len(t, args.Problems(), 1)
		})
	}
	whole := validArgs()
	whole.CIDR, whole.PublicSubnetCIDRs[0] = "10.0.0.0/17", "10.0.0.0/16"
	assert.ErrorContains(t, whole.Validate(), `PublicSubnetCIDRs: "10.0.0.0/16" must lie inside the VPC's range 10.0.0.0/17`)
}

func TestVpcArgs_AllProblemsTogether(t *testing.T) {
	args := VpcArgs{
		CIDR: "10.0.0.0/8", Zones: []string{"a", "a"}, NAT: "twice",
		PublicSubnetCIDRs: []string{"11.0.0.0/24", "here", "11.0.0.0/25"}, PrivateSubnetCIDRs: []string{"10.0.0.0/30"},
	}
	var fields []string
	for _, problem := range args.Problems() {
		fields = append(fields, strings.TrimSpace(fmt.Sprintln(problem.Field, problem.Value)))
		assert.ErrorContains(t, args.Validate(), problem.Error())
	}
	assert.Equal(t, []string{
		"Region <nil>", "Zones a", "PublicSubnetCIDRs [11.0.0.0/24 here 11.0.0.0/25]", "PrivateSubnetCIDRs [10.0.0.0/30]", "NAT twice",
		"CIDR 10.0.0.0/8", "PublicSubnetCIDRs 11.0.0.0/24", "PublicSubnetCIDRs here",
		"PublicSubnetCIDRs 11.0.0.0/25", "PublicSubnetCIDRs 11.0.0.0/25", "PrivateSubnetCIDRs 10.0.0.0/30",
	}, fields)
}
