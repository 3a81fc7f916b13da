// Package capacity knows how much an EC2 instance type offers to pods, and how much of it objects plan to use.
package capacity

import (
	"fmt"
	"sort"
	"strings"
)

// InstanceType is what EC2 documents of one of its types.
type InstanceType struct {
	// Name is EC2's name, for example "t3.medium".
	Name string
	// VCPU counts virtual CPUs.
	VCPU int
	// MemoryMiB is the nominal memory in MiB.
	MemoryMiB int
}

// instanceTypes lists the x86-64 types that a small cluster is made of (aws.amazon.com/ec2/instance-types, 2026-11).
var instanceTypes = map[string]InstanceType{
	"t3.small":   {"t3.small", 2, 2048},
	"t3.medium":  {"t3.medium", 2, 4096},
	"t3.large":   {"t3.large", 2, 8192},
	"t3.xlarge":  {"t3.xlarge", 4, 16384},
	"t3.2xlarge": {"t3.2xlarge", 8, 32768},
	"m6i.large":  {"m6i.large", 2, 8192},
	"m6i.xlarge": {"m6i.xlarge", 4, 16384},
	"c6i.large":  {"c6i.large", 2, 4096},
	"c6i.xlarge": {"c6i.xlarge", 4, 8192},
	"r6i.large":  {"r6i.large", 2, 16384},
	"r6i.xlarge": {"r6i.xlarge", 4, 32768},
}

// LookupInstanceType returns the named type, or an error that lists the known ones.
func LookupInstanceType(name string) (InstanceType, error) {
	if t, ok := instanceTypes[name]; ok {
		return t, nil
	}
	return InstanceType{}, fmt.Errorf("unknown instance type %q; use one of %s", name, strings.Join(InstanceTypeNames(), ", "))
}

// InstanceTypeNames lists the known types in alphabetical order.
func InstanceTypeNames() []string {
	names := make([]string, 0, len(instanceTypes))
	for name := range instanceTypes {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
