package boot

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/growbin/cluster/components/kubeadm/userdata"
)

const (
	// takenAnnotation is that of a node whose spot instance EC2 takes.
	takenAnnotation = "kubeadm-aws.io/taken"
	// evictPoll is the pause between two rounds of evictions.
	evictPoll = 200 * time.Millisecond
)

// Notice does what spot.sh does once EC2 has announced that it takes the instance: with kubelet's own identity, so that the API
// server judges it as a kubelet.
func (w *World) Notice(ctx context.Context, m Machine) error {
	node, err := userdata.ParseNode(m.UserData)
	if err != nil {
		return err
	}
	a := &attempt{World: w, machine: m, node: node}
	identity, err := a.identity()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(identity)
	if err != nil {
		return fmt.Errorf("making the kubelet's client: %w", err)
	}
	if err := cordonSelf(ctx, client, node.Name, true, `"true"`); err != nil {
		return err
	}
	if node.TargetGroups != "" {
		if _, err := m.LeaveTargets(node.TargetGroups); err != nil {
			return err
		}
	}
	w.log(node.Name, "EC2 takes this instance")
	for {
		left, err := evictOwn(ctx, client, node.Name)
		if err != nil {
			return err
		}
		if left == 0 {
			w.log(node.Name, "drained")
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(evictPoll):
		}
	}
}

// succeed lifts the cordon that a taken instance of the node has left.
func (a *attempt) succeed(ctx context.Context, identity *rest.Config) error {
	client, err := kubernetes.NewForConfig(identity)
	if err != nil {
		return fmt.Errorf("making the kubelet's client: %w", err)
	}
	node, err := client.CoreV1().Nodes().Get(ctx, a.node.Name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("reading node %s: %w", a.node.Name, err)
	}
	if _, taken := node.Annotations[takenAnnotation]; !taken {
		return nil
	}
	return cordonSelf(ctx, client, a.node.Name, false, "null")
}

func cordonSelf(ctx context.Context, client kubernetes.Interface, node string, on bool, taken string) error {
	patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%s}},"spec":{"unschedulable":%t}}`, takenAnnotation, taken, on)
	if _, err := client.CoreV1().Nodes().Patch(ctx, node, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
		return fmt.Errorf("cordoning node %s: %w", node, err)
	}
	return nil
}

// evictOwn evicts the node's pods but for those of DaemonSets, and returns the number of those that still run.
func evictOwn(ctx context.Context, client kubernetes.Interface, node string) (left int, err error) {
	pods, err := client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("spec.nodeName", node).String()})
	if err != nil {
		return 0, fmt.Errorf("listing the pods of %s: %w", node, err)
	}
	for _, pod := range pods.Items {
		owner := metav1.GetControllerOf(&pod)
		if pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed || owner != nil && (owner.Kind == "DaemonSet" || owner.Kind == "Node") {
			continue
		}
		left++
		if pod.DeletionTimestamp != nil {
			continue
		}
		err := client.CoreV1().Pods(pod.Namespace).EvictV1(ctx, &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name}})
		if err != nil && !apierrors.IsTooManyRequests(err) && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			return 0, fmt.Errorf("evicting pod %s/%s: %w", pod.Namespace, pod.Name, err)
		}
	}
	return left, nil
}
