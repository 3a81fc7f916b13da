package roll

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/growbin/cluster/components/validation"
)

// A roll deletes instances, so it starts only in a healthy cluster. The state that an interrupted roll left is no obstacle.

// idle returns the problems of a node that needs no step.
func idle(name string, node *corev1.Node) []string {
	if node.Spec.Unschedulable {
		return []string{fmt.Sprintf("node %s is cordoned but up to date: kubectl uncordon %s", name, name)}
	}
	return notReady(name, node)
}

// unaffected returns the problems of a node outside Only: a half-done step must be completed first.
func unaffected(step Step, node *corev1.Node) []string {
	if step.HalfDone != "" {
		return []string{fmt.Sprintf("node %s %s: an earlier roll was interrupted; roll this node first", step.Node, step.HalfDone)}
	}
	return notReady(step.Node, node)
}

// started returns the problems of a node that will be rolled.
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

// isReady returns the node's Ready condition.
func isReady(node *corev1.Node) (ready bool, why string) {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue, validation.Printable(strings.TrimSpace(condition.Reason + " " + condition.Message))
		}
	}
	return false, "it has not reported yet"
}

// pending returns the pods that are Pending. If a node is half-done, its pods are expected to be.
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
			return validation.Printable(condition.Message)
		}
	}
	return "its containers have not started"
}
