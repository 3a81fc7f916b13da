package network

import (
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

func TestValidArgs(t *testing.T) {
	for _, args := range []VpcArgs{validArgs(), withPrivate(""), withPrivate(NATNone), withPrivate(NATSingle), withPrivate(NATPerZone)} {
		assert.NoError(t, args.Validate())
	}
	smallest := validArgs()
	smallest.CIDR, smallest.Zones, smallest.PublicSubnetCIDRs = "10.0.0.16/28", smallest.Zones[:1], []string{"10.0.0.16/28"}
	assert.NoError(t, smallest.Validate(), "one subnet may fill the VPC")
}

// Each change makes exactly one problem.
func TestProblems(t *testing.T) {
	for _, tt := range []struct {
		want   string
		change func(*VpcArgs)
	}{
		{`Region is ""; give an AWS region such as ap-northeast-2`, func(a *VpcArgs) { a.Region = "" }},
		{`Zones is ""; give at least one availability zone`, func(a *VpcArgs) { a.Zones, a.PublicSubnetCIDRs, a.PrivateSubnetCIDRs = nil, nil, nil }},
		{`Zones is ""; give availability zones such as ap-northeast-2a, each once`, func(a *VpcArgs) { a.Zones[0] = "" }},
		{`Zones is "ap-northeast-2a"; give availability zones such as ap-northeast-2a, each once`, func(a *VpcArgs) { a.Zones[1] = a.Zones[0] }},
		{`PublicSubnetCIDRs is "[10.0.0.0/20]"; give one range for each of the 2 zones`, func(a *VpcArgs) { a.PublicSubnetCIDRs = a.PublicSubnetCIDRs[:1] }},
		{`PrivateSubnetCIDRs is "[10.0.128.0/20]"; give none, or one range for each of the 2 zones`, func(a *VpcArgs) { a.PrivateSubnetCIDRs = a.PrivateSubnetCIDRs[:1] }},
		{`NAT is "twice"; use one of none, single, perAz`, func(a *VpcArgs) { a.NAT = "twice" }},
		{`NAT is "single"; there is no private subnet to serve: give some, or use none`, func(a *VpcArgs) { a.NAT, a.PrivateSubnetCIDRs = NATSingle, nil }},
		{`NAT is "perAz"; there is no private subnet to serve: give some, or use none`, func(a *VpcArgs) { a.NAT, a.PrivateSubnetCIDRs = NATPerZone, nil }},
		{`CIDR is "10.0.0.0"; give an IPv4 range such as 10.0.0.0/16`, func(a *VpcArgs) { a.CIDR = "10.0.0.0" }},
		{`CIDR is "10.0.1.0/16"; give an IPv4 range such as 10.0.0.0/16`, func(a *VpcArgs) { a.CIDR = "10.0.1.0/16" }},
		{`CIDR is "fd00::/16"; give an IPv4 range such as 10.0.0.0/16`, func(a *VpcArgs) { a.CIDR = "fd00::/16" }},
		{`CIDR is "10.0.0.0/8"; EC2 takes /16 to /28`, func(a *VpcArgs) { a.CIDR = "10.0.0.0/8" }},
		{`PublicSubnetCIDRs is "10.0.0.1/20"; give an IPv4 range such as 10.0.1.0/24`, func(a *VpcArgs) { a.PublicSubnetCIDRs[0] = "10.0.0.1/20" }},
		{`PrivateSubnetCIDRs is "private"; give an IPv4 range such as 10.0.1.0/24`, func(a *VpcArgs) { a.PrivateSubnetCIDRs[1] = "private" }},
		{`PublicSubnetCIDRs is "fd00::/64"; give an IPv4 range such as 10.0.1.0/24`, func(a *VpcArgs) { a.PublicSubnetCIDRs[0] = "fd00::/64" }},
		{`PublicSubnetCIDRs is "10.1.0.0/20"; give a range inside the VPC's 10.0.0.0/16`, func(a *VpcArgs) { a.PublicSubnetCIDRs[0] = "10.1.0.0/20" }},
		{`PrivateSubnetCIDRs is "10.0.128.0/29"; EC2 takes no subnet smaller than /28`, func(a *VpcArgs) { a.PrivateSubnetCIDRs[0] = "10.0.128.0/29" }},
		{`PrivateSubnetCIDRs is "10.0.24.0/24"; it overlaps 10.0.16.0/20; give ranges apart`, func(a *VpcArgs) { a.PrivateSubnetCIDRs[0] = "10.0.24.0/24" }},
	} {
		t.Run(tt.want, func(t *testing.T) {
			args := withPrivate(NATNone)
			tt.change(&args)
			require.EqualError(t, args.Validate(), tt.want)
		})
	}
	whole := validArgs()
	whole.CIDR, whole.PublicSubnetCIDRs[0] = "10.0.0.0/17", "10.0.0.0/16"
	assert.ErrorContains(t, whole.Validate(), `PublicSubnetCIDRs is "10.0.0.0/16"; give a range inside the VPC's 10.0.0.0/17`)
}

func TestProblemsAreReportedTogether(t *testing.T) {
	args := VpcArgs{
		CIDR: "10.0.0.0/8", Zones: []string{"a", "a"}, NAT: "twice",
		PublicSubnetCIDRs: []string{"11.0.0.0/24", "here", "11.0.0.0/25"}, PrivateSubnetCIDRs: []string{"10.0.0.0/30"},
	}
	var fields []string
	for _, problem := range args.Problems() {
		fields = append(fields, problem.Field+" "+problem.Value)
		assert.ErrorContains(t, args.Validate(), problem.Error())
	}
	assert.Equal(t, []string{
		"Region ", "Zones a", "PublicSubnetCIDRs [11.0.0.0/24 here 11.0.0.0/25]", "PrivateSubnetCIDRs [10.0.0.0/30]", "NAT twice",
		"CIDR 10.0.0.0/8", "PublicSubnetCIDRs 11.0.0.0/24", "PublicSubnetCIDRs here",
		"PublicSubnetCIDRs 11.0.0.0/25", "PublicSubnetCIDRs 11.0.0.0/25", "PrivateSubnetCIDRs 10.0.0.0/30",
	}, fields)
}
