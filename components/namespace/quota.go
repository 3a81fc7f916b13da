package namespace

import (
	"fmt"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/validation"
)

// Quota limits the pods of a namespace. A container that states no requests or limit gets small ones.
type Quota struct {
	// Pods is the number of pods.
	Pods int `pulumi:"pods"`
	// MilliCPU and MemoryMiB limit the sums of requests, LimitMiB that of memory limits.
	MilliCPU  int64 `pulumi:"milliCpu"`
	MemoryMiB int64 `pulumi:"memoryMib"`
	LimitMiB  int64 `pulumi:"limitMib"`
	// ContainerMiB is the largest memory limit of one container.
	ContainerMiB int64 `pulumi:"containerMib"`
}

// Requests and limit of a container that states none, e.g. of a pod that a person starts.
const (
	defaultMilliCPU  = 10
	defaultMemoryMiB = 64
)

func (q *Quota) validate() error {
	var problems validation.Problems
	for field, value := range map[string]int64{"Pods": int64(q.Pods), "MilliCPU": q.MilliCPU, "MemoryMiB": q.MemoryMiB} {
		if value < 1 {
			problems.Add(field, value, "must be at least 1")
		}
	}
	if q.ContainerMiB < defaultMemoryMiB {
		problems.Add("ContainerMiB", q.ContainerMiB, "must be at least %d, the default of a container", defaultMemoryMiB)
	}
	if q.LimitMiB < q.ContainerMiB {
		problems.Add("LimitMiB", q.LimitMiB, "must be at least ContainerMiB, %d", q.ContainerMiB)
	}
	return problems.Err()
}

func milli(n int64) pulumi.String { return pulumi.String(fmt.Sprintf("%dm", n)) }

func mib(n int64) pulumi.String { return pulumi.String(fmt.Sprintf("%dMi", n)) }

// limit creates the ResourceQuota and the LimitRange.
func (n *Namespace) limit(ctx *pulumi.Context, name string, q *Quota) error {
	metadata := &meta.ObjectMetaArgs{Name: pulumi.String("pods"), Namespace: n.Name}
	if _, err := core.NewResourceQuota(ctx, name+"-pods", &core.ResourceQuotaArgs{
		Metadata: metadata,
		Spec: &core.ResourceQuotaSpecArgs{Hard: pulumi.StringMap{
			"pods": pulumi.String(fmt.Sprint(q.Pods)), "requests.cpu": milli(q.MilliCPU), "requests.memory": mib(q.MemoryMiB), "limits.memory": mib(q.LimitMiB),
		}},
	}, pulumi.Parent(n)); err != nil {
		return err
	}
	// No maximum of CPU: a container without a limit of its own would get it as one, and be slowed.
	_, err := core.NewLimitRange(ctx, name+"-pods", &core.LimitRangeArgs{
		Metadata: metadata,
		Spec: &core.LimitRangeSpecArgs{Limits: core.LimitRangeItemArray{&core.LimitRangeItemArgs{
			Type: pulumi.String("Container"), Max: pulumi.StringMap{"memory": mib(q.ContainerMiB)},
			Default:        pulumi.StringMap{"memory": mib(defaultMemoryMiB)},
			DefaultRequest: pulumi.StringMap{"cpu": milli(defaultMilliCPU), "memory": mib(defaultMemoryMiB)},
		}}},
	}, pulumi.Parent(n))
	return err
}
