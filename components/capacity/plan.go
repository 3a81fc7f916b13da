package capacity

import (
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Node is a node that pods can be placed on.
type Node struct {
	// Name, Labels and Taints are those of the Node object.
	Name   string
	Labels map[string]string
	Taints []corev1.Taint
	// Allocatable are the resources for pods.
	Allocatable Resources
}

// PodSet is a number of equal pods, as a Deployment, a StatefulSet or a DaemonSet creates them.
type PodSet struct {
	// Name is used in errors, e.g. "Deployment apps/api".
	Name string
	// Replicas is ignored when EveryNode is set.
	Replicas int
	// EveryNode is true for a DaemonSet: one pod on each node it fits.
	EveryNode bool
	// Pod is the template of the pods.
	Pod corev1.PodSpec
}

// Plan places every pod set and returns the sum of requests by node name. A set that is not a DaemonSet must fit exactly one
// node, so that the result does not depend on the scheduler's choice; control-plane pods, e.g. kube-apiserver, are not
// included. It returns all problems, joined.
func Plan(nodes []Node, sets []PodSet) (map[string]Resources, error) {
	load := map[string]Resources{}
	var problems []error
	for _, set := range sets {
		places := candidates(nodes, set)
		request := Requests(set.Pod)
		switch {
		case set.EveryNode:
			for _, node := range places {
				load[node.Name] = load[node.Name].Add(request)
			}
		case len(places) == 1:
			for range set.Replicas {
				load[places[0].Name] = load[places[0].Name].Add(request)
			}
		default:
			problems = append(problems, fmt.Errorf("%s fits %d nodes %v: its selector and tolerations must fit exactly one",
				set.Name, len(places), nodeNames(places)))
		}
	}
	for _, node := range nodes {
		requested, has := load[node.Name], node.Allocatable
		if requested.MilliCPU > has.MilliCPU || requested.MemoryMiB > has.MemoryMiB {
			problems = append(problems, fmt.Errorf("node %s has requests of %dm CPU and %d MiB, must be at most %dm and %d MiB",
				node.Name, requested.MilliCPU, requested.MemoryMiB, has.MilliCPU, has.MemoryMiB))
		}
	}
	return load, errors.Join(problems...)
}

// Requests returns the requests of one pod as the scheduler counts them: the sum of its containers, or its largest init
// container if that is more, plus overhead.
func Requests(pod corev1.PodSpec) Resources {
	var running, starting Resources
	for _, c := range pod.Containers {
		running = running.Add(fromList(c.Resources.Requests))
	}
	for _, c := range pod.InitContainers {
		request := fromList(c.Resources.Requests)
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			running = running.Add(request) // a sidecar runs as long as its pod
			continue
		}
		starting.MilliCPU = max(starting.MilliCPU, request.MilliCPU)
		starting.MemoryMiB = max(starting.MemoryMiB, request.MemoryMiB)
	}
	sum := Resources{max(running.MilliCPU, starting.MilliCPU), max(running.MemoryMiB, starting.MemoryMiB)}
	return sum.Add(fromList(pod.Overhead))
}

func fromList(list corev1.ResourceList) Resources {
	const mib = 1 << 20
	return Resources{MilliCPU: list.Cpu().MilliValue(), MemoryMiB: (list.Memory().Value() + mib - 1) / mib}
}

func candidates(nodes []Node, set PodSet) []Node {
	var fit []Node
	for _, node := range nodes {
		if selects(set.Pod.NodeSelector, node.Labels) && tolerates(set.Pod.Tolerations, node.Taints) {
			fit = append(fit, node)
		}
	}
	return fit
}

func selects(selector, labels map[string]string) bool {
	for key, want := range selector {
		if labels[key] != want {
			return false
		}
	}
	return true
}

func tolerates(tolerations []corev1.Toleration, taints []corev1.Taint) bool {
	for _, taint := range taints {
		if taint.Effect == corev1.TaintEffectPreferNoSchedule {
			continue
		}
		tolerated := false
		for _, t := range tolerations {
			tolerated = tolerated || matches(t, taint)
		}
		if !tolerated {
			return false
		}
	}
	return true
}

func matches(t corev1.Toleration, taint corev1.Taint) bool {
	if t.Effect != "" && t.Effect != taint.Effect {
		return false
	}
	if t.Operator == corev1.TolerationOpExists {
		return t.Key == "" || t.Key == taint.Key
	}
	return t.Key == taint.Key && t.Value == taint.Value
}

func nodeNames(nodes []Node) []string {
	names := make([]string, 0, len(nodes))
	for _, node := range nodes {
		names = append(names, node.Name)
	}
	slices.Sort(names)
	return names
}
