package capacity

import (
	"cmp"
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
	// Surges is true for a Deployment that runs one more pod during an update.
	Surges bool
	// Pod is the template of the pods.
	Pod corev1.PodSpec
}

// Plan places every pod set and returns the sum of requests by node name. The pods of a set that fits several nodes are spread over
// those with room, nodes that their affinity prefers first; such a set must select or prefer nodes, so that none is placed
// anywhere by omission. Control-plane pods, e.g. kube-apiserver, are not included. It returns all problems, joined.
func Plan(nodes []Node, sets []PodSet) (map[string]Resources, error) {
	p := plan{load: map[string]Resources{}}
	var spread []PodSet
	for _, set := range sets {
		places := candidates(nodes, set)
		switch {
		case set.EveryNode:
			for _, node := range places {
				p.add(node, set)
			}
		case len(places) == 1:
			for range set.Replicas {
				p.add(places[0], set)
			}
		case len(places) == 0 || len(set.Pod.NodeSelector) == 0 && len(preferences(set.Pod)) == 0:
			p.problems = append(p.problems, fmt.Errorf("%s fits %d nodes %v: its selector and tolerations must fit the nodes that it belongs on",
				set.Name, len(places), nodeNames(places)))
		default:
			spread = append(spread, set)
		}
	}
	// Small pods fit into the gaps that large ones leave.
	slices.SortStableFunc(spread, func(a, b PodSet) int { return cmp.Compare(Requests(b.Pod).MemoryMiB, Requests(a.Pod).MemoryMiB) })
	for _, displaced := range []bool{false, true} { // those whose preferred nodes are gone take the rest
		for _, set := range spread {
			places := candidates(nodes, set)
			wanted := preferred(places, set.Pod)
			if displaced == (len(preferences(set.Pod)) > 0 && len(wanted) == 0) {
				p.spread(set, wanted, places)
			}
		}
	}
	for _, node := range nodes {
		if requested, has := p.load[node.Name], node.Allocatable; !has.hold(requested) {
			p.problems = append(p.problems, fmt.Errorf("node %s has requests of %dm CPU and %d MiB, must be at most %dm and %d MiB",
				node.Name, requested.MilliCPU, requested.MemoryMiB, has.MilliCPU, has.MemoryMiB))
		}
	}
	return p.load, errors.Join(p.problems...)
}

// plan is the state of Plan.
type plan struct {
	load     map[string]Resources
	problems []error
}

func (p *plan) add(node Node, set PodSet) {
	p.load[node.Name] = p.load[node.Name].Add(Requests(set.Pod))
}

// spread places the pods of a set one after the other on the emptiest of the preferred nodes with room, else of the others. Where
// none has room, the emptiest shows the lack of it.
func (p *plan) spread(set PodSet, wanted, places []Node) {
	for range set.Replicas {
		for i, list := range [][]Node{wanted, places} {
			if len(list) == 0 {
				continue
			}
			best := slices.MinFunc(list, func(a, b Node) int { return cmp.Compare(p.share(a, set), p.share(b, set)) })
			if i == 1 || p.share(best, set) <= 1 {
				p.add(best, set)
				break
			}
		}
	}
}

// share is the larger one of the shares of CPU and memory that are requested on a node with one more pod of the set.
func (p *plan) share(node Node, set PodSet) float64 {
	cpu, memory := p.load[node.Name].Add(Requests(set.Pod)).Of(node.Allocatable)
	return max(cpu, memory) / 100
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

// preferences are the terms by which a pod prefers nodes.
func preferences(pod corev1.PodSpec) []corev1.PreferredSchedulingTerm {
	if pod.Affinity == nil || pod.Affinity.NodeAffinity == nil {
		return nil
	}
	return pod.Affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution
}

// preferred returns the nodes that match all preferences of a pod; none if it has none.
func preferred(nodes []Node, pod corev1.PodSpec) []Node {
	terms := preferences(pod)
	if len(terms) == 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(nodes), func(n Node) bool {
		return slices.ContainsFunc(terms, func(term corev1.PreferredSchedulingTerm) bool {
			return slices.ContainsFunc(term.Preference.MatchExpressions, func(e corev1.NodeSelectorRequirement) bool {
				return e.Operator != corev1.NodeSelectorOpIn || !slices.Contains(e.Values, n.Labels[e.Key])
			})
		})
	})
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
