package verify

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Differences lists the differences between the cluster and the design, one sentence each.
func (s *Snapshot) Differences(want Expected) []string {
	var d differences
	s.checkNodes(&d, want.Nodes)
	for _, workload := range want.Workloads {
		s.checkWorkload(&d, workload)
	}
	s.checkControllers(&d)
	s.checkPods(&d)
	for i := range s.Claims {
		if claim := &s.Claims[i]; claim.Status.Phase != corev1.ClaimBound {
			d.add("claim %s is %s, not Bound", FullName(claim), claim.Status.Phase)
		}
	}
	return d
}

type differences []string

func (d *differences) add(format string, args ...any) {
	*d = append(*d, strings.TrimSpace(fmt.Sprintf(format, args...)))
}

func (s *Snapshot) checkNodes(d *differences, wanted []Node) {
	known := map[string]bool{}
	for _, node := range wanted {
		known[node.Name] = true
		i := slices.IndexFunc(s.Nodes, func(n corev1.Node) bool { return n.Name == node.Name })
		if i < 0 {
			d.add("node %s has not joined the cluster", node.Name)
			continue
		}
		s.checkNode(d, node, &s.Nodes[i])
	}
	for i := range s.Nodes {
		if name := s.Nodes[i].Name; !known[name] {
			d.add("node %s is in the cluster, but not in the design", name)
		}
	}
}

func (s *Snapshot) checkNode(d *differences, wanted Node, is *corev1.Node) {
	if ready, why := nodeReady(is); !ready {
		d.add("node %s is not Ready: %s", wanted.Name, why)
	}
	for _, key := range slices.Sorted(maps.Keys(wanted.Labels)) {
		if value, ok := is.Labels[key]; !ok {
			d.add("node %s lacks the label %s=%s", wanted.Name, key, wanted.Labels[key])
		} else if value != wanted.Labels[key] {
			d.add("node %s has the label %s=%s, it must be %s", wanted.Name, key, value, wanted.Labels[key])
		}
	}
	if _, ok := is.Labels[wanted.RoleLabel]; !ok && wanted.RoleLabel != "" {
		d.add("node %s does not show its role: it lacks the label %s", wanted.Name, wanted.RoleLabel)
	}
	for _, taint := range wanted.Taints {
		if !hasTaint(is.Spec.Taints, taint) {
			d.add("node %s lacks the taint %s", wanted.Name, taint.ToString())
		}
	}
	for _, taint := range is.Spec.Taints {
		if !hasTaint(wanted.Taints, taint) {
			d.add("node %s has the taint %s, which is not in the design", wanted.Name, taint.ToString())
		}
	}
	if band := wanted.Band; band != nil {
		load := s.Load(wanted.Name)
		for resource, percent := range map[string]float64{"CPU": load.CPU, "memory": load.Memory} {
			if !band.holds(percent) {
				d.add("node %s: planned %s is %.1f %%, outside its band of %g to %g %%", wanted.Name, resource, percent, band.Low, band.High)
			}
		}
	}
}

func hasTaint(taints []corev1.Taint, wanted corev1.Taint) bool {
	return slices.ContainsFunc(taints, func(t corev1.Taint) bool { return t.MatchTaint(&wanted) && t.Value == wanted.Value })
}

// checkWorkload finds the pods by their controller, because too many pods are an error as well.
func (s *Snapshot) checkWorkload(d *differences, wanted Workload) {
	running := 0
	for i := range s.Pods {
		pod := &s.Pods[i]
		kind, owner := s.controller(pod)
		if kind != "Deployment" && kind != "StatefulSet" || s.App(pod) != wanted.Name && owner != wanted.Name || finished(pod) {
			continue
		}
		if len(wanted.Nodes) > 0 && pod.Spec.NodeName != "" && !slices.Contains(wanted.Nodes, pod.Spec.NodeName) {
			d.add("pod %s of %s runs on %s, it belongs on %s", pod.Name, wanted.Name, pod.Spec.NodeName, strings.Join(wanted.Nodes, " or "))
		}
		if pod.Status.Phase == corev1.PodRunning && pod.DeletionTimestamp == nil {
			running++
		}
	}
	switch most := max(wanted.Replicas, wanted.Max); {
	case running >= wanted.Replicas && running <= most:
	case most > wanted.Replicas:
		d.add("%s has %d pods Running, the design has %d to %d", wanted.Name, running, wanted.Replicas, most)
	default:
		d.add("%s has %d pods Running, the design has %d", wanted.Name, running, wanted.Replicas)
	}
}

// checkControllers checks every controller in the cluster, also those that the design does not name.
func (s *Snapshot) checkControllers(d *differences) {
	for i := range s.Deployments {
		set, status := &s.Deployments[i], s.Deployments[i].Status
		if wanted := replicas(set.Spec.Replicas); status.AvailableReplicas != wanted || status.UpdatedReplicas != wanted || status.ObservedGeneration < set.Generation {
			d.add("Deployment %s has %d of %d replicas available", FullName(set), status.AvailableReplicas, wanted)
		}
	}
	for i := range s.StatefulSets {
		set, status := &s.StatefulSets[i], s.StatefulSets[i].Status
		if wanted := replicas(set.Spec.Replicas); status.ReadyReplicas != wanted || status.ObservedGeneration < set.Generation {
			d.add("StatefulSet %s has %d of %d replicas ready", FullName(set), status.ReadyReplicas, wanted)
		}
	}
	for i := range s.DaemonSets {
		set, status := &s.DaemonSets[i], s.DaemonSets[i].Status
		if status.NumberAvailable != status.DesiredNumberScheduled || status.ObservedGeneration < set.Generation {
			d.add("DaemonSet %s has %d of %d pods available", FullName(set), status.NumberAvailable, status.DesiredNumberScheduled)
		}
		// A DaemonSet that a taint keeps off a node reports itself as complete. More nodes are none of its faults: the
		// controller counts a node that was removed until the next event of the DaemonSet's pods.
		if int(status.DesiredNumberScheduled) < len(s.Nodes) {
			d.add("DaemonSet %s is on %d of %d nodes", FullName(set), status.DesiredNumberScheduled, len(s.Nodes))
		}
	}
}

// checkPods checks that no pod in the cluster is Pending, failed or not ready, or on a node that no longer exists. The pods of a
// job may be on their way.
func (s *Snapshot) checkPods(d *differences) {
	for i := range s.Pods {
		pod := &s.Pods[i]
		exists := slices.ContainsFunc(s.Nodes, func(n corev1.Node) bool { return n.Name == pod.Spec.NodeName })
		if pod.Spec.NodeName != "" && !exists && !finished(pod) {
			d.add("pod %s is bound to node %s, which does not exist", FullName(pod), pod.Spec.NodeName)
		}
		if kind, _ := s.controller(pod); kind == "Job" && !finished(pod) {
			continue
		}
		if pod.Status.Phase == corev1.PodSucceeded || pod.DeletionTimestamp != nil || endedWithNode(pod) {
			continue
		}
		if ready, why := podReady(pod); pod.Status.Phase != corev1.PodRunning || !ready {
			d.add("pod %s is %s and not ready: %s %s", FullName(pod), pod.Status.Phase, why, pod.Status.Message)
		}
	}
}

// endedWithNode reports whether kubelet ended the pod because its machine was shut down. Its controller has made another one, and
// the object stays until the controller manager collects it.
func endedWithNode(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodFailed && pod.Status.Reason == "Terminated"
}

func replicas(wanted *int32) int32 {
	if wanted == nil {
		return 1
	}
	return *wanted
}
