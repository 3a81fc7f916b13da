package verify

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/resource"
)

// Load is the sum of the requests of a node's pods, in percent of the node's allocatable resources.
type Load struct{ CPU, Memory float64 }

// Load adds up the requests of the pods on a node, as the scheduler counts them.
func (s *Snapshot) Load(name string) Load {
	var milliCPU, bytes int64
	for _, pod := range s.PodsOn(name) {
		requests := resource.PodRequests(pod, resource.PodResourcesOptions{})
		milliCPU += requests.Cpu().MilliValue()
		bytes += requests.Memory().Value()
	}
	for i := range s.Nodes {
		if node := &s.Nodes[i]; node.Name == name {
			has := node.Status.Allocatable
			return Load{percent(milliCPU, has.Cpu().MilliValue()), percent(bytes, has.Memory().Value())}
		}
	}
	return Load{}
}

func percent(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}

// holds reports whether a load in percent is inside the band.
func (b Band) holds(load float64) bool { return load >= b.Low && load <= b.High }

// nodeReady returns the node's Ready condition, with the reason if it is false.
func nodeReady(node *corev1.Node) (bool, string) {
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue, c.Reason + ": " + c.Message
		}
	}
	return false, "it has never reported"
}

func podReady(pod *corev1.Pod) (bool, string) {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return false, c.Reason + ": " + c.Message
		}
	}
	for _, status := range pod.Status.ContainerStatuses {
		if waiting := status.State.Waiting; waiting != nil {
			return false, "container " + status.Name + ": " + waiting.Reason + " " + waiting.Message
		}
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue, c.Reason
		}
	}
	return false, "it has never reported"
}
