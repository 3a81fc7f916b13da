package k8sprovider

import (
	"context"
	"fmt"
	"sort"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// list reads the objects of a resource by their Go type.
func list[T any](
	ctx context.Context, c *cluster, resource schema.GroupVersionResource, namespace string, options metav1.ListOptions,
) ([]T, error) {
	found, err := c.client.Resource(resource).Namespace(namespace).List(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", resource.Resource, err)
	}
	items := make([]T, 0, len(found.Items))
	for n := range found.Items {
		item, err := as[T](&found.Items[n])
		if err != nil {
			return nil, err
		}
		items = append(items, *item)
	}
	return items, nil
}

// mostReasons bounds how many lines of explanation an error gets.
const mostReasons = 8

// explain says why an object is not ready: what its pods are waiting for and what the controllers complained about, one
// reason per line.
func (c *cluster) explain(ctx context.Context, live *unstructured.Unstructured) string {
	reasons := c.complaints(ctx, live.GetNamespace(), live.GetKind(), live.GetName())
	reasons = append(reasons, c.whyPodsWait(ctx, live)...)
	if len(reasons) > mostReasons {
		reasons = append(reasons[:mostReasons], fmt.Sprintf("and %d more", len(reasons)-mostReasons))
	}
	if len(reasons) == 0 {
		return ""
	}
	return "\n  - " + strings.Join(reasons, "\n  - ")
}

// whyPodsWait names the pods that are not ready, those with the same reason together.
func (c *cluster) whyPodsWait(ctx context.Context, live *unstructured.Unstructured) []string {
	var order []string
	names := map[string][]string{}
	for _, pod := range c.podsOf(ctx, live) {
		if podIsReady(&pod) {
			continue
		}
		why := describePod(&pod)
		// The scheduler's event repeats its condition.
		if said := c.complaints(ctx, pod.Namespace, "Pod", pod.Name); len(said) > 0 && !strings.Contains(why, "Unschedulable") {
			why += " (" + strings.Join(said, "; ") + ")"
		}
		if names[why] == nil {
			order = append(order, why)
		}
		names[why] = append(names[why], pod.Name)
	}
	for i, why := range order {
		kind := "pod "
		if len(names[why]) > 1 {
			kind = "pods "
		}
		order[i] = kind + strings.Join(names[why], ", ") + ": " + why
	}
	return order
}

func (c *cluster) podsOf(ctx context.Context, live *unstructured.Unstructured) []corev1.Pod {
	if live.GetKind() == "Pod" {
		return nil // described already
	}
	at := "selector"
	if live.GetKind() != "Service" {
		at = "selector.matchLabels"
	}
	labels, _, _ := unstructured.NestedStringMap(live.Object, append([]string{"spec"}, strings.Split(at, ".")...)...)
	if len(labels) == 0 {
		return nil
	}
	selector := metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: labels})
	pods, err := list[corev1.Pod](ctx, c, corev1.SchemeGroupVersion.WithResource("pods"), live.GetNamespace(),
		metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil
	}
	sort.Slice(pods, func(a, b int) bool { return pods[a].Name < pods[b].Name })
	return pods
}

// complaints are the latest warnings about an object, each reason once.
func (c *cluster) complaints(ctx context.Context, namespace, kind, name string) []string {
	events, err := list[corev1.Event](ctx, c, corev1.SchemeGroupVersion.WithResource("events"), namespace,
		metav1.ListOptions{FieldSelector: "involvedObject.kind=" + kind + ",involvedObject.name=" + name + ",type=Warning"})
	if err != nil {
		return nil
	}
	latest := map[string]string{}
	for _, event := range events {
		latest[event.Reason] = event.Message
	}
	said := make([]string, 0, len(latest))
	for reason, message := range latest {
		said = append(said, reason+": "+message)
	}
	sort.Strings(said)
	return said
}

func podIsReady(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return pod.Status.Phase == corev1.PodSucceeded
}

// describePod says in one line what keeps a pod: the scheduler's words, a container's reason, or its phase.
func describePod(pod *corev1.Pod) string {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return fmt.Sprintf("%s: %s: %s", pod.Status.Phase, c.Reason, c.Message)
		}
	}
	for _, container := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
		if waiting := container.State.Waiting; waiting != nil {
			return strings.TrimSuffix(fmt.Sprintf("%s: container %s: %s: %s", pod.Status.Phase, container.Name, waiting.Reason, waiting.Message), ": ")
		}
		if ended := container.State.Terminated; ended != nil && ended.ExitCode != 0 {
			return fmt.Sprintf("%s: container %s ended with %d: %s %s", pod.Status.Phase, container.Name, ended.ExitCode, ended.Reason, ended.Message)
		}
	}
	if pod.Spec.NodeName == "" {
		return fmt.Sprintf("%s, not scheduled", pod.Status.Phase)
	}
	return fmt.Sprintf("%s on %s, not ready", pod.Status.Phase, pod.Spec.NodeName)
}
