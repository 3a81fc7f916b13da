package capacity

import "fmt"

// Hard eviction threshold of kubelet's memory.available signal, MiB (kubelet's own default).
const evictionMiB = 100

// kernelOverhead is the part of an instance's nominal memory that hypervisor and kernel keep for
// themselves (the default of Karpenter's VM_MEMORY_OVERHEAD_PERCENT).
const kernelOverhead = 0.075

// Resources is an amount of CPU and memory.
type Resources struct {
	// MilliCPU is CPU time in thousandths of a core.
	MilliCPU int64
	// MemoryMiB is memory in MiB.
	MemoryMiB int64
}

// Add returns the sum of both amounts.
func (r Resources) Add(other Resources) Resources {
	return Resources{r.MilliCPU + other.MilliCPU, r.MemoryMiB + other.MemoryMiB}
}

// hold reports whether r is enough for a request.
func (r Resources) hold(request Resources) bool {
	return request.MilliCPU <= r.MilliCPU && request.MemoryMiB <= r.MemoryMiB
}

// Of returns r as shares of total, in percent.
func (r Resources) Of(total Resources) (cpuPercent, memoryPercent float64) {
	return 100 * float64(r.MilliCPU) / float64(total.MilliCPU), 100 * float64(r.MemoryMiB) / float64(total.MemoryMiB)
}

// Usable returns the resources of an instance of this type that its operating system can use.
func (t InstanceType) Usable() Resources {
	return Resources{int64(t.VCPU) * 1000, int64(float64(t.MemoryMiB) * (1 - kernelOverhead))}
}

// Reserved returns the resources of kubelet and container runtime on a node with maxPods pods:
// memory 255 MiB + 11 MiB a pod, CPU 6 % of the first core, 1 % of the second, 0.5 % of the next two and
// 0.25 % of the rest (the rule of EKS's node bootstrap).
func (t InstanceType) Reserved(maxPods int) Resources {
	var tenths int64 // of a milliCPU, to stay in whole numbers
	for core := 1; core <= t.VCPU; core++ {
		switch {
		case core == 1:
			tenths += 600
		case core == 2:
			tenths += 100
		case core <= 4:
			tenths += 50
		default:
			tenths += 25
		}
	}
	return Resources{MilliCPU: tenths / 10, MemoryMiB: int64(255 + 11*maxPods)}
}

// Allocatable returns the resources for pods: usable less reserved less the eviction threshold.
func (t InstanceType) Allocatable(maxPods int) Resources {
	usable, reserved := t.Usable(), t.Reserved(maxPods)
	return Resources{usable.MilliCPU - reserved.MilliCPU, usable.MemoryMiB - reserved.MemoryMiB - evictionMiB}
}

// KubeReserved returns Reserved in the form of a KubeletConfiguration's kubeReserved.
func (t InstanceType) KubeReserved(maxPods int) map[string]string {
	r := t.Reserved(maxPods)
	return map[string]string{"cpu": fmt.Sprintf("%dm", r.MilliCPU), "memory": fmt.Sprintf("%dMi", r.MemoryMiB)}
}

// EvictionHard returns kubelet's hard eviction thresholds. Setting one drops kubelet's defaults, so it holds all.
func EvictionHard() map[string]string {
	return map[string]string{
		"memory.available":  fmt.Sprintf("%dMi", evictionMiB),
		"nodefs.available":  "10%",
		"nodefs.inodesFree": "5%",
		"imagefs.available": "15%",
	}
}
