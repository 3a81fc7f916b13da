package stacks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/validation"
)

// checkOffered returns all nodes whose instance type AWS does not offer in their zone.
func checkOffered(ctx *pulumi.Context, s *Settings, via pulumi.InvokeOption) error {
	var types []string
	for _, n := range s.Nodes {
		if !slices.Contains(types, n.InstanceType) {
			types = append(types, n.InstanceType)
		}
	}
	offers, err := ec2.GetInstanceTypeOfferings(ctx, &ec2.GetInstanceTypeOfferingsArgs{
		LocationType: pulumi.StringRef("availability-zone"),
		Filters:      []ec2.GetInstanceTypeOfferingsFilter{{Name: "instance-type", Values: types}},
	}, via)
	if err != nil {
		return fmt.Errorf("list the zones of the instance types: %w", err)
	}
	zones := map[string][]string{}
	for i, instanceType := range offers.InstanceTypes {
		zones[instanceType] = append(zones[instanceType], offers.Locations[i])
	}
	var problems validation.Problems
	for _, n := range s.Nodes {
		zone := s.AvailabilityZones[n.Zone]
		if slices.Contains(zones[n.InstanceType], zone) {
			continue
		}
		where := "in no zone of " + s.Region
		if len(zones[n.InstanceType]) > 0 {
			slices.Sort(zones[n.InstanceType])
			where = "only in " + strings.Join(zones[n.InstanceType], ", ")
		}
		problems.Add("topology."+n.Name+".InstanceType", n.InstanceType, "must be a type that AWS offers in %s; it has it %s. "+
			"Choose another type in %sinstanceTypes", zone, where, ConfigPrefix)
	}
	return s.refuse("has instance types that AWS does not offer", problems.Err())
}
