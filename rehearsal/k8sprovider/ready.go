package k8sprovider

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// as reads a live object by its Go type.
func as[T any](live *unstructured.Unstructured) (*T, error) {
	typed := new(T)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(live.Object, typed); err != nil {
		return nil, fmt.Errorf("read %s %s: %w", live.GetKind(), id(live), err)
	}
	return typed, nil
}

func replicas(wanted *int32) int32 {
	if wanted == nil {
		return 1
	}
	return *wanted
}

// deploymentReady: the controller has seen this generation, all replicas are of it, no older one is left, all are
// available (await/deployment.go).
func deploymentReady(_ context.Context, _ *cluster, live *unstructured.Unstructured) (bool, string, error) {
	d, err := as[appsv1.Deployment](live)
	if err != nil {
		return false, "", err
	}
	wanted := replicas(d.Spec.Replicas)
	s := d.Status
	done := s.ObservedGeneration >= d.Generation && s.UpdatedReplicas == wanted && s.Replicas == wanted && s.AvailableReplicas == wanted
	waiting := fmt.Sprintf("%d/%d replicas available", s.AvailableReplicas, wanted)
	if old := s.Replicas - s.UpdatedReplicas; old > 0 {
		waiting += fmt.Sprintf(", %d of the old revision left", old)
	}
	for _, c := range s.Conditions {
		failed := c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue
		stalled := c.Type == appsv1.DeploymentProgressing && c.Status == corev1.ConditionFalse
		if failed || stalled {
			waiting += fmt.Sprintf("; %s: %s", c.Reason, c.Message)
		}
	}
	return done, waiting, nil
}

// statefulSetReady: the same for a StatefulSet, whose update is waited for unless pods are to be deleted by hand.
func statefulSetReady(_ context.Context, _ *cluster, live *unstructured.Unstructured) (bool, string, error) {
	set, err := as[appsv1.StatefulSet](live)
	if err != nil {
		return false, "", err
	}
	wanted, s := replicas(set.Spec.Replicas), set.Status
	current := set.Spec.UpdateStrategy.Type == appsv1.OnDeleteStatefulSetStrategyType ||
		s.UpdatedReplicas == wanted && s.CurrentRevision == s.UpdateRevision
	done := s.ObservedGeneration >= set.Generation && s.ReadyReplicas == wanted && s.Replicas == wanted && current
	return done, fmt.Sprintf("%d/%d replicas ready, %d updated", s.ReadyReplicas, wanted, s.UpdatedReplicas), nil
}

func daemonSetReady(_ context.Context, _ *cluster, live *unstructured.Unstructured) (bool, string, error) {
	set, err := as[appsv1.DaemonSet](live)
	if err != nil {
		return false, "", err
	}
	s := set.Status
	updated := set.Spec.UpdateStrategy.Type == appsv1.OnDeleteDaemonSetStrategyType ||
		s.UpdatedNumberScheduled == s.DesiredNumberScheduled
	done := s.ObservedGeneration >= set.Generation && s.ObservedGeneration > 0 && updated && s.NumberAvailable == s.DesiredNumberScheduled
	return done, fmt.Sprintf("%d/%d pods available", s.NumberAvailable, s.DesiredNumberScheduled), nil
}

func jobReady(_ context.Context, _ *cluster, live *unstructured.Unstructured) (bool, string, error) {
	job, err := as[batchv1.Job](live)
	if err != nil {
		return false, "", err
	}
	for _, c := range job.Status.Conditions {
		if c.Status != corev1.ConditionTrue {
			continue
		}
		switch c.Type {
		case batchv1.JobComplete:
			return true, "", nil
		case batchv1.JobFailed:
			return false, "", fmt.Errorf("job failed: %s: %s", c.Reason, c.Message)
		}
	}
	s := job.Status
	return false, fmt.Sprintf("%d pods active, %d succeeded, %d failed", s.Active, s.Succeeded, s.Failed), nil
}

func podReady(_ context.Context, _ *cluster, live *unstructured.Unstructured) (bool, string, error) {
	pod, err := as[corev1.Pod](live)
	if err != nil {
		return false, "", err
	}
	switch pod.Status.Phase {
	case corev1.PodSucceeded:
		return true, "", nil
	case corev1.PodFailed:
		return false, "", fmt.Errorf("pod failed: %s: %s", pod.Status.Reason, pod.Status.Message)
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
			return true, "", nil
		}
	}
	return false, "pod is " + describePod(pod), nil
}

// serviceReady: a service that selects pods has one that is ready; a headless, selectorless or external one has nothing
// to wait for; a load balancer has its address (await/service.go).
func serviceReady(ctx context.Context, c *cluster, live *unstructured.Unstructured) (bool, string, error) {
	service, err := as[corev1.Service](live)
	if err != nil {
		return false, "", err
	}
	if service.Spec.Type == corev1.ServiceTypeLoadBalancer && len(service.Status.LoadBalancer.Ingress) == 0 {
		return false, "waiting for the load balancer's address", nil
	}
	headless := service.Spec.ClusterIP == corev1.ClusterIPNone
	if headless || len(service.Spec.Selector) == 0 || service.Spec.Type == corev1.ServiceTypeExternalName {
		return true, "", nil
	}
	slices, err := list[discoveryv1.EndpointSlice](ctx, c, discoveryv1.SchemeGroupVersion.WithResource("endpointslices"),
		service.Namespace, metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + service.Name})
	if err != nil {
		return false, err.Error(), nil
	}
	for _, slice := range slices {
		for _, endpoint := range slice.Endpoints {
			if endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready {
				return true, "", nil
			}
		}
	}
	return false, fmt.Sprintf("no ready pod matches the selector %s",
		metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: service.Spec.Selector})), nil
}

// claimReady: bound, unless its class binds with the first pod that uses it (await/awaiters.go).
func claimReady(ctx context.Context, c *cluster, live *unstructured.Unstructured) (bool, string, error) {
	claim, err := as[corev1.PersistentVolumeClaim](live)
	if err != nil {
		return false, "", err
	}
	if claim.Status.Phase == corev1.ClaimBound {
		return true, "", nil
	}
	classes, err := list[storagev1.StorageClass](ctx, c, storagev1.SchemeGroupVersion.WithResource("storageclasses"), "", metav1.ListOptions{})
	if err != nil {
		return false, err.Error(), nil
	}
	for _, class := range classes {
		lazy := class.VolumeBindingMode != nil && *class.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer
		if name := claim.Spec.StorageClassName; lazy && name != nil && *name == class.Name {
			return true, "", nil
		}
	}
	return false, "claim is " + string(claim.Status.Phase), nil
}

func volumeReady(_ context.Context, _ *cluster, live *unstructured.Unstructured) (bool, string, error) {
	volume, err := as[corev1.PersistentVolume](live)
	if err != nil {
		return false, "", err
	}
	phase := volume.Status.Phase
	return phase == corev1.VolumeAvailable || phase == corev1.VolumeBound, "volume is " + string(phase), nil
}

// definitionReady: objects of the new kind can be made. The kinds known so far are then asked for again.
func definitionReady(_ context.Context, c *cluster, live *unstructured.Unstructured) (bool, string, error) {
	conditions, _, _ := unstructured.NestedSlice(live.Object, "status", "conditions")
	for _, item := range conditions {
		if condition, ok := item.(map[string]any); ok && condition["type"] == "Established" && condition["status"] == "True" {
			c.forget()
			return true, "", nil
		}
	}
	return false, "definition is not established", nil
}
