package roll

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// joined waits until the node is Ready, schedulable, and of the version; an empty version matches all.
func (r *roller) joined(ctx context.Context, name, version string) error {
	return r.until(ctx, "node "+name, func(client kubernetes.Interface) ([]string, error) {
		node, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return []string{"it has not joined"}, nil
		}
		if err != nil {
			return nil, err
		}
		if ready, why := isReady(node); !ready {
			return []string{"it is not Ready: " + why}, nil
		}
		if is := node.Status.NodeInfo.KubeletVersion; version != "" && is != "v"+version {
			return []string{fmt.Sprintf("its kubelet is %s, it should be v%s", is, version)}, nil
		}
		if node.Spec.Unschedulable {
			return []string{"it is cordoned"}, cordon(ctx, client, name, false)
		}
		return nil, nil
	})
}

// settled waits until no pod is Pending and all replicas are ready.
func (r *roller) settled(ctx context.Context) error {
	return r.until(ctx, "the pods", func(client kubernetes.Interface) ([]string, error) { return unsettled(ctx, client) })
}

func unsettled(ctx context.Context, client kubernetes.Interface) (left []string, err error) {
	all := metav1.NamespaceAll
	pods, err := client.CoreV1().Pods(all).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for i := range pods.Items {
		if pod := &pods.Items[i]; pod.Status.Phase == corev1.PodPending && pod.DeletionTimestamp == nil {
			left = append(left, fmt.Sprintf("pod %s/%s is Pending: %s", pod.Namespace, pod.Name, whyPending(pod)))
		}
	}
	add := func(kind, namespace, name string, is, wanted int32) {
		if is < wanted {
			left = append(left, fmt.Sprintf("%s %s/%s has %d of %d pods ready", kind, namespace, name, is, wanted))
		}
	}
	deployments, err := client.AppsV1().Deployments(all).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for i := range deployments.Items {
		d := &deployments.Items[i]
		add("Deployment", d.Namespace, d.Name, d.Status.AvailableReplicas, wanted(d.Spec.Replicas))
	}
	sets, err := client.AppsV1().StatefulSets(all).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for i := range sets.Items {
		s := &sets.Items[i]
		add("StatefulSet", s.Namespace, s.Name, s.Status.ReadyReplicas, wanted(s.Spec.Replicas))
	}
	daemons, err := client.AppsV1().DaemonSets(all).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for i := range daemons.Items {
		d := &daemons.Items[i]
		add("DaemonSet", d.Namespace, d.Name, d.Status.NumberReady, d.Status.DesiredNumberScheduled)
	}
	return left, nil
}

// rolledOut waits until no Deployment has pods of a former revision.
func (r *roller) rolledOut(ctx context.Context) error {
	return r.until(ctx, "the rollouts", func(client kubernetes.Interface) (left []string, err error) {
		deployments, err := client.AppsV1().Deployments(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, err
		}
		for i := range deployments.Items {
			d := &deployments.Items[i]
			if d.Status.ObservedGeneration < d.Generation || d.Status.UpdatedReplicas < wanted(d.Spec.Replicas) || d.Status.Replicas > d.Status.UpdatedReplicas {
				left = append(left, fmt.Sprintf("Deployment %s/%s has %d of %d new pods, and %d others", d.Namespace, d.Name,
					d.Status.UpdatedReplicas, wanted(d.Spec.Replicas), d.Status.Replicas-d.Status.UpdatedReplicas))
			}
		}
		return left, nil
	})
}

func wanted(replicas *int32) int32 {
	if replicas == nil {
		return 1
	}
	return *replicas
}

// until polls until no reason to wait is left. An error is a reason too: while the control plane is replaced there is no API
// server.
func (r *roller) until(ctx context.Context, subject string, look func(kubernetes.Interface) ([]string, error)) error {
	deadline := time.Now().Add(r.SettleTimeout)
	for {
		left, err := r.look(ctx, look)
		if err != nil {
			left = []string{err.Error()}
		}
		if len(left) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: not ready within %s:\n  - %s", subject, r.SettleTimeout, strings.Join(left, "\n  - "))
		}
		if err := r.pause(ctx); err != nil {
			return err
		}
	}
}

func (r *roller) look(ctx context.Context, look func(kubernetes.Interface) ([]string, error)) ([]string, error) {
	client, err := r.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return look(client)
}

func (r *roller) pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(r.Poll):
		return nil
	}
}
