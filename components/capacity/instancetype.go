// Package capacity computes the resources that an EC2 instance type offers to pods, and the requests of planned pods.
package capacity

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/growbin/cluster/components/validation"
)

// InstanceType holds EC2's figures of one instance type.
type InstanceType struct {
	// Name is EC2's name, e.g. t3.medium.
	Name string
	// VCPU counts virtual CPUs.
	VCPU int
	// MemoryMiB is the nominal memory in MiB.
	MemoryMiB int
	// BaselinePercent is the CPU utilization per vCPU, in percent, that a burstable type sustains without credits; 0 for others.
	BaselinePercent int
}

// instanceTypes lists the x86-64 types that a small cluster is made of (aws.amazon.com/ec2/instance-types, 2026-11).
var instanceTypes = map[string]InstanceType{
	"t3.small":   {"t3.small", 2, 2048, 20},
	"t3.medium":  {"t3.medium", 2, 4096, 20},
	"t3.large":   {"t3.large", 2, 8192, 30},
	"t3.xlarge":  {"t3.xlarge", 4, 16384, 40},
	"t3.2xlarge": {"t3.2xlarge", 8, 32768, 40},
	"m6i.large":  {"m6i.large", 2, 8192, 0},
	"m6i.xlarge": {"m6i.xlarge", 4, 16384, 0},
	"c6i.large":  {"c6i.large", 2, 4096, 0},
	"c6i.xlarge": {"c6i.xlarge", 4, 8192, 0},
	"r6i.large":  {"r6i.large", 2, 16384, 0},
	"r6i.xlarge": {"r6i.xlarge", 4, 32768, 0},
}

// LookupInstanceType returns the named type, or an error that lists the known ones.
func LookupInstanceType(name string) (InstanceType, error) {
	if t, ok := instanceTypes[name]; ok {
		return t, nil
	}
	return InstanceType{}, validation.Problem{Field: "instance type", Value: name, Must: "must be one of " + strings.Join(InstanceTypeNames(), ", ")}
}

// InstanceTypeNames returns the known types in alphabetical order.
func InstanceTypeNames() []string {
	return slices.Sorted(maps.Keys(instanceTypes))
}

// Substitutes returns the other types with as many vCPUs as each of the given ones and at least as much memory, the smallest first.
func Substitutes(of ...InstanceType) []string {
	found := slices.DeleteFunc(slices.Collect(maps.Values(instanceTypes)), func(t InstanceType) bool {
		return slices.ContainsFunc(of, func(wanted InstanceType) bool {
			return t.Name == wanted.Name || t.VCPU != wanted.VCPU || t.MemoryMiB < wanted.MemoryMiB
		})
	})
	slices.SortFunc(found, func(a, b InstanceType) int {
		return cmp.Or(cmp.Compare(a.MemoryMiB, b.MemoryMiB), cmp.Compare(a.Name, b.Name))
	})
	names := make([]string, 0, len(found))
	for _, t := range found {
		names = append(names, t.Name)
	}
	return names
}
