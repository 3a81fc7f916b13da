package awssim

import (
	"maps"
	"slices"
	"strings"
)

// instanceType is a kind of machine.
type instanceType struct {
	name      string
	vCPUs     int
	memoryMiB int
	arch      string
	// burstable types earn CPU credits.
	burstable bool
	// interfaces and addresses are how many network interfaces, and addresses on each, it may have.
	interfaces, addresses int
}

// standard reports whether QuotaStandardVCPUs counts the type. The accelerated families have quotas of their own.
func (t instanceType) standard() bool { return !strings.HasPrefix(t.name, "inf") }

// instanceTypes come from the EC2 instance type pages (docs.aws.amazon.com/ec2/latest/instancetypes, 2026-11).
var instanceTypes = typeTable(
	instanceType{"t3.nano", 2, 512, "x86_64", true, 2, 2},
	instanceType{"t3.micro", 2, 1024, "x86_64", true, 2, 2},
	instanceType{"t3.small", 2, 2048, "x86_64", true, 3, 4},
	instanceType{"t3.medium", 2, 4096, "x86_64", true, 3, 6},
	instanceType{"t3.large", 2, 8192, "x86_64", true, 3, 12},
	instanceType{"t3.xlarge", 4, 16384, "x86_64", true, 4, 15},
	instanceType{"t3.2xlarge", 8, 32768, "x86_64", true, 4, 15},
	instanceType{"t4g.small", 2, 2048, "arm64", true, 3, 4},
	instanceType{"t4g.medium", 2, 4096, "arm64", true, 3, 6},
	instanceType{"t4g.large", 2, 8192, "arm64", true, 3, 12},
	instanceType{"m6i.large", 2, 8192, "x86_64", false, 3, 10},
	instanceType{"m6i.xlarge", 4, 16384, "x86_64", false, 4, 15},
	instanceType{"m6i.2xlarge", 8, 32768, "x86_64", false, 4, 15},
	instanceType{"c6i.large", 2, 4096, "x86_64", false, 3, 10},
	instanceType{"c6i.xlarge", 4, 8192, "x86_64", false, 4, 15},
	instanceType{"c6i.2xlarge", 8, 16384, "x86_64", false, 4, 15},
	instanceType{"r6i.large", 2, 16384, "x86_64", false, 3, 10},
	instanceType{"r6i.xlarge", 4, 32768, "x86_64", false, 4, 15},
	instanceType{"r6i.2xlarge", 8, 65536, "x86_64", false, 4, 15},
	instanceType{"inf1.xlarge", 4, 8192, "x86_64", false, 4, 10},
)

func typeTable(all ...instanceType) map[string]instanceType {
	out := map[string]instanceType{}
	for _, t := range all {
		out[t.name] = t
	}
	return out
}

// instanceTypeNamed finds a type that the zone offers.
func (c *Cloud) instanceTypeNamed(operation, name, zoneName string) (instanceType, error) {
	t, ok := instanceTypes[name]
	if !ok {
		return t, refuseEC2(operation, "InvalidParameterValue",
			"Invalid value '%s' for InstanceType. (The simulated AWS has %s.)", name, joined(slices.Sorted(maps.Keys(instanceTypes))))
	}
	if !c.offered(zoneName, name) {
		var others []string
		for _, z := range c.zoneNames() {
			if c.offered(z, name) {
				others = append(others, z)
			}
		}
		return t, refuseEC2(operation, "Unsupported",
			"Your requested instance type (%s) is not supported in your requested Availability Zone (%s). Please retry your request by not specifying an Availability Zone or choosing %s.",
			name, zoneName, joined(others))
	}
	return t, nil
}
