package pod

import (
	"errors"
	"fmt"

	corek8s "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Amount is what a container asks for, or at most gets.
type Amount struct {
	MilliCPU  int // thousandths of a CPU
	MemoryMiB int
}

// Add returns the sum of two amounts.
func (a Amount) Add(b Amount) Amount {
	return Amount{MilliCPU: a.MilliCPU + b.MilliCPU, MemoryMiB: a.MemoryMiB + b.MemoryMiB}
}

// Resources are a container's requests and limits. All four numbers are needed: a store whose limit is
// not known cannot size its caches, and one without a request may be placed where it does not fit.
type Resources struct {
	Requests Amount
	Limits   Amount
}

// Validate returns every problem of the resources, joined; field names them, for example "Server".
func (r Resources) Validate(field string) error {
	var problems []error
	check := func(what, unit string, request, limit int) {
		if request <= 0 {
			problems = append(problems, fmt.Errorf("%s.Requests.%s is %d; give a positive number of %s", field, what, request, unit))
		}
		if limit < request || limit <= 0 {
			problems = append(problems, fmt.Errorf("%s.Limits.%s is %d; give at least the request, %d %s", field, what, limit, request, unit))
		}
	}
	check("MilliCPU", "thousandths of a CPU", r.Requests.MilliCPU, r.Limits.MilliCPU)
	check("MemoryMiB", "MiB", r.Requests.MemoryMiB, r.Limits.MemoryMiB)
	return errors.Join(problems...)
}

// Args are the resources as a container takes them.
func (r Resources) Args() *corek8s.ResourceRequirementsArgs {
	list := func(a Amount) pulumi.StringMap {
		return pulumi.StringMap{
			"cpu":    pulumi.Sprintf("%dm", a.MilliCPU),
			"memory": pulumi.Sprintf("%dMi", a.MemoryMiB),
		}
	}
	return &corek8s.ResourceRequirementsArgs{Requests: list(r.Requests), Limits: list(r.Limits)}
}
