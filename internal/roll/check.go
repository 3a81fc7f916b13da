package roll

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// A roll takes machines away from a cluster. It starts only where everything is in order, or where what is not in order
// is what an earlier roll left half-done.

// idle are the problems of a node that has nothing to be done.
func idle(name string, node *corev1.Node) []string {
	if node.Spec.Unschedulable {
		return []string{fmt.Sprintf("node %s is cordoned and its machine is as it should be: kubectl uncordon %s", name, name)}
	}
	return notReady(name, node)
}

// unaffected are the problems of a node that was not asked for: what is half-done must be finished first.
func unaffected(step Step, node *corev1.Node) []string {
	if step.HalfDone != "" {
		return []string{fmt.Sprintf("node %s %s: an earlier roll did not finish; roll it first", step.Node, step.HalfDone)}
	}
	return notReady(step.Node, node)
}

// started are the problems of a node whose turn it will be.
func started(step Step, node *corev1.Node) []string {
	if step.HalfDone != "" || step.Fate == Created {
		return nil
	}
	return notReady(step.Node, node)
}

func notReady(name string, node *corev1.Node) []string {
	if ready, why := isReady(node); !ready {
		return []string{fmt.Sprintf("node %s is not Ready: %s", name, why)}
	}
	return nil
}

// isReady reads the node's Ready condition.
func isReady(node *corev1.Node) (ready bool, why string) {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue, strings.TrimSpace(condition.Reason + " " + condition.Message)
		}
	}
	return false, "it has not reported yet"
}

// pending are the pods that have no place. Where a node is half-done, its pods are expected to wait for it.
func (s *state) pending(plan *Plan) (problems []string) {
	for _, step := range plan.Steps {
		if step.HalfDone != "" || step.Fate == Created {
			return nil
		}
	}
	for i := range s.pods {
		if pod := &s.pods[i]; pod.Status.Phase == corev1.PodPending && pod.DeletionTimestamp == nil {
			problems = append(problems, fmt.Sprintf("pod %s/%s is Pending: %s", pod.Namespace, pod.Name, whyPending(pod)))
		}
	}
	return problems
}

func whyPending(pod *corev1.Pod) string {
	for _, condition := range pod.Status.Conditions {
		if condition.Status == corev1.ConditionFalse && condition.Message != "" {
			return condition.Message
		}
	}
	return "its containers have not started"
}
