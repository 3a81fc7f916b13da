package roll

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// cordon makes a node unschedulable, or schedulable again. A node that does not exist is ignored.
func cordon(ctx context.Context, client kubernetes.Interface, node string, closed bool) error {
	patch := fmt.Appendf(nil, `{"spec":{"unschedulable":%t}}`, closed)
	_, err := client.CoreV1().Nodes().Patch(ctx, node, types.StrategicMergePatchType, patch, metav1.PatchOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("cordon %s: %w", node, err)
	}
	return nil
}

// drain evicts the pods of a node and waits until they are gone. Evictions respect PodDisruptionBudgets and are retried until
// DrainTimeout; force deletes the pods instead.
func (r *roller) drain(ctx context.Context, client kubernetes.Interface, node string, force bool) error {
	deadline := time.Now().Add(r.DrainTimeout)
	logged := ""
	for {
		left, err := r.evictAll(ctx, client, node, force)
		if err != nil || len(left) == 0 {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s is not empty after %s:\n  - %s", node, r.DrainTimeout, strings.Join(sentences(left), "\n  - "))
		}
		if blocked := strings.Join(onlyBlocked(left), "; "); blocked != logged {
			r.Logf("%s: waiting: %s", node, blocked)
			logged = blocked
		}
		if err := r.pause(ctx); err != nil {
			return err
		}
	}
}

// leaving is the reason why a pod still runs.
type leaving struct {
	pod     string
	blocked bool
	why     string
}

func sentences(left []leaving) (lines []string) {
	for _, l := range left {
		lines = append(lines, fmt.Sprintf("pod %s: %s", l.pod, l.why))
	}
	return lines
}

func onlyBlocked(left []leaving) []string {
	why := map[string]bool{}
	for _, l := range left {
		if l.blocked {
			why[l.why] = true
		}
	}
	if len(why) == 0 {
		return []string{fmt.Sprintf("%d pods are terminating", len(left))}
	}
	return slices.Sorted(maps.Keys(why))
}

func (r *roller) evictAll(ctx context.Context, client kubernetes.Interface, node string, force bool) ([]leaving, error) {
	pods, err := client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector("spec.nodeName", node).String(),
	})
	if err != nil {
		return nil, fmt.Errorf("list the pods of %s: %w", node, err)
	}
	var left []leaving
	var orphans []error
	for i := range pods.Items {
		pod := &pods.Items[i]
		if !movable(pod) {
			continue
		}
		name := pod.Namespace + "/" + pod.Name
		if metav1.GetControllerOf(pod) == nil {
			orphans = append(orphans, fmt.Errorf("pod %s on %s has no controller that would start it elsewhere: delete it, or wait until it has completed", name, node))
			continue
		}
		if pod.DeletionTimestamp != nil {
			left = append(left, leaving{name, false, "it is terminating, since " + pod.DeletionTimestamp.Format(time.RFC3339)})
			continue
		}
		left = append(left, leaving{pod: name, why: "it is terminating"})
		if len(orphans) > 0 {
			continue // the node cannot be drained, so no more pods are evicted
		}
		if why, err := evict(ctx, client, pod, force); err != nil {
			return nil, fmt.Errorf("evict pod %s: %w", name, err)
		} else if why != "" {
			left[len(left)-1] = leaving{name, true, why}
		}
	}
	return left, errors.Join(orphans...)
}

// movable reports whether a pod has to leave: mirror pods, pods of DaemonSets and completed pods stay.
func movable(pod *corev1.Pod) bool {
	if _, static := pod.Annotations[corev1.MirrorPodAnnotationKey]; static {
		return false
	}
	if owner := metav1.GetControllerOf(pod); owner != nil && owner.Kind == "DaemonSet" {
		return false
	}
	return pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed
}

// requestTimeout limits one eviction request.
const requestTimeout = 30 * time.Second

// evict requests the eviction of a pod and returns the reason if it is blocked for now. A request is never interrupted: the API
// server first updates the budget and then deletes the pod, and would count a pod that it did not delete as disrupted for two
// minutes.
func evict(ctx context.Context, client kubernetes.Interface, pod *corev1.Pod, force bool) (blocked string, err error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
	defer cancel()
	options := metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(pod.UID))}
	if force {
		err = client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, options)
	} else {
		err = client.PolicyV1().Evictions(pod.Namespace).Evict(ctx, &policyv1.Eviction{
			ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name}, DeleteOptions: &options,
		})
	}
	switch {
	case apierrors.IsNotFound(err) || apierrors.IsConflict(err): // the pod is gone, or another one has its name
		return "", nil
	case apierrors.IsTooManyRequests(err):
		return budget(pod, err), nil
	}
	return "", err
}

// budget returns the PodDisruptionBudget that blocks an eviction.
func budget(pod *corev1.Pod, err error) string {
	var status apierrors.APIStatus
	if errors.As(err, &status) && status.Status().Details != nil {
		for _, cause := range status.Status().Details.Causes {
			if cause.Type == policyv1.DisruptionBudgetCause {
				return fmt.Sprintf("in namespace %s: %s", pod.Namespace, cause.Message)
			}
		}
	}
	return err.Error()
}
