package boot

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/growbin/cluster/components/capacity"
	"github.com/growbin/cluster/components/kubeadm/userdata"
)

// evictionDefaults are kubelet's default hard eviction thresholds on Linux that reduce the allocatable resources.
var evictionDefaults = map[string]string{"memory.available": "100Mi", "nodefs.available": "10%"}

// evictionResources maps an eviction signal to the resource it keeps free.
var evictionResources = map[string]corev1.ResourceName{
	"memory.available": corev1.ResourceMemory,
	"nodefs.available": corev1.ResourceEphemeralStorage,
}

// nodeStatus is the status that kubelet reports.
func nodeStatus(m Machine, node *userdata.Node) (*corev1.NodeStatus, error) {
	total, err := machineCapacity(m, node.MaxPods)
	if err != nil {
		return nil, err
	}
	allocatable, err := nodeAllocatable(total, node)
	if err != nil {
		return nil, err
	}
	return &corev1.NodeStatus{
		Capacity:    total,
		Allocatable: allocatable,
		Addresses: []corev1.NodeAddress{
			{Type: corev1.NodeInternalIP, Address: m.PrivateIP},
			{Type: corev1.NodeHostName, Address: node.Name},
		},
		NodeInfo: corev1.NodeSystemInfo{
			MachineID: m.ID, SystemUUID: m.ID, BootID: m.ID,
			KubeletVersion:          "v" + node.KubernetesVersion,
			OperatingSystem:         "linux",
			Architecture:            "amd64",
			OSImage:                 "simulated " + m.InstanceType,
			KernelVersion:           "simulated",
			ContainerRuntimeVersion: "kwok://simulated",
		},
	}, nil
}

// machineCapacity is the capacity that the operating system reports.
func machineCapacity(m Machine, maxPods int) (corev1.ResourceList, error) {
	instance, err := capacity.LookupInstanceType(m.InstanceType)
	if err != nil {
		return nil, err
	}
	usable := instance.Usable()
	total := corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewMilliQuantity(usable.MilliCPU, resource.DecimalSI),
		corev1.ResourceMemory: *resource.NewQuantity(usable.MemoryMiB<<20, resource.BinarySI),
		corev1.ResourcePods:   *resource.NewQuantity(int64(maxPods), resource.DecimalSI),
	}
	if m.RootGiB > 0 {
		total[corev1.ResourceEphemeralStorage] = *resource.NewQuantity(int64(m.RootGiB)<<30, resource.BinarySI)
	}
	return total, nil
}

// nodeAllocatable is kubelet's formula: the capacity less the reservations for kubelet and system, less the hard eviction
// thresholds, and never below zero.
func nodeAllocatable(total corev1.ResourceList, node *userdata.Node) (corev1.ResourceList, error) {
	allocatable := total.DeepCopy()
	for _, reserved := range []map[string]string{node.KubeReserved, node.SystemReserved} {
		for name, value := range reserved {
			amount, err := resource.ParseQuantity(value)
			if err != nil {
				return nil, fmt.Errorf("reserved %s %q: %w", name, value, err)
			}
			subtract(allocatable, corev1.ResourceName(name), amount)
		}
	}
	for signal, name := range evictionResources {
		threshold, ok := node.EvictionHard[signal]
		if !ok {
			threshold = evictionDefaults[signal]
		}
		amount, err := thresholdOf(threshold, total[name])
		if err != nil {
			return nil, fmt.Errorf("evictionHard %s %q: %w", signal, threshold, err)
		}
		subtract(allocatable, name, amount)
	}
	return allocatable, nil
}

func subtract(from corev1.ResourceList, name corev1.ResourceName, amount resource.Quantity) {
	left, ok := from[name]
	if !ok { // a resource that the machine does not have (pid)
		return
	}
	left.Sub(amount)
	if left.Sign() < 0 {
		left.Set(0)
	}
	from[name] = left
}

// thresholdOf reads an eviction threshold, which is an amount or a share of the total.
func thresholdOf(threshold string, total resource.Quantity) (resource.Quantity, error) {
	percent, isShare := strings.CutSuffix(threshold, "%")
	if !isShare {
		return resource.ParseQuantity(threshold)
	}
	share, err := strconv.ParseFloat(percent, 64)
	if err != nil {
		return resource.Quantity{}, err
	}
	return *resource.NewQuantity(int64(float64(total.Value())*share/100), resource.BinarySI), nil
}
