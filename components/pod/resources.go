package pod

import (
	"fmt"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/validation"
)

// Amount is an amount of CPU and memory.
type Amount struct {
	MilliCPU  int `pulumi:"milliCpu"`  // thousandths of a CPU
	MemoryMiB int `pulumi:"memoryMiB"` // MiB
}

// Add returns the sum of two amounts.
func (a Amount) Add(b Amount) Amount {
	return Amount{MilliCPU: a.MilliCPU + b.MilliCPU, MemoryMiB: a.MemoryMiB + b.MemoryMiB}
}

// Quantities converts an amount in Kubernetes's notation, e.g. "100m" and "128Mi". Empty ones are omitted.
func Quantities(cpu, memory string) pulumi.StringMap {
	list := pulumi.StringMap{}
	if cpu != "" {
		list["cpu"] = pulumi.String(cpu)
	}
	if memory != "" {
		list["memory"] = pulumi.String(memory)
	}
	return list
}

func (a Amount) quantities() pulumi.StringMap {
	return Quantities(fmt.Sprintf("%dm", a.MilliCPU), fmt.Sprintf("%dMi", a.MemoryMiB))
}

// Resources are the requests and limits of a container. All four numbers are required: a store sizes its caches and threads
// by its limits.
type Resources struct {
	// Requests are reserved on the node.
	Requests Amount `pulumi:"requests"`
	// Limits bound the container; they must be at least the requests.
	Limits Amount `pulumi:"limits"`
}

// OrDefault returns the resources, or the default if they are zero.
func (r Resources) OrDefault(standard Resources) Resources {
	if r == (Resources{}) {
		return standard
	}
	return r
}

// Validate returns all problems of the resources, joined.
func (r Resources) Validate() error {
	var problems validation.Problems
	check := func(field, unit string, request, limit int) {
		if request <= 0 {
			problems.Add("Requests."+field, request, "must be a positive number of %s", unit)
		}
		if limit < request || limit <= 0 {
			problems.Add("Limits."+field, limit, "must be at least the request, %d %s", request, unit)
		}
	}
	check("MilliCPU", "thousandths of a CPU", r.Requests.MilliCPU, r.Limits.MilliCPU)
	check("MemoryMiB", "MiB", r.Requests.MemoryMiB, r.Limits.MemoryMiB)
	return problems.Err()
}

// Args converts the resources.
func (r Resources) Args() *core.ResourceRequirementsArgs {
	return &core.ResourceRequirementsArgs{Requests: r.Requests.quantities(), Limits: r.Limits.quantities()}
}
