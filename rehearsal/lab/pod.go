package lab

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// runPod runs a pod on the worker, with tolerations for its taints, and checks its log.
func (l *Lab) runPod(ctx context.Context, client kubernetes.Interface, name string) error {
	return l.runPodWith(ctx, client, name, true)
}

// runPodWith runs a pod with or without a token of the API server.
func (l *Lab) runPodWith(ctx context.Context, client kubernetes.Interface, name string, token bool) error {
	node, err := l.topologyNode(l.options.Worker)
	if err != nil {
		return err
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: metav1.NamespaceDefault},
		Spec: corev1.PodSpec{
			NodeSelector: node.Labels, AutomountServiceAccountToken: &token,
			Containers: []corev1.Container{{Name: "hello", Image: registryAddress + "/" + podImage, Args: []string{name}}},
		},
	}
	for _, taint := range node.Taints() {
		pod.Spec.Tolerations = append(pod.Spec.Tolerations, corev1.Toleration{Key: taint.Key, Value: taint.Value, Effect: taint.Effect})
	}
	// The service account is created a moment after the namespace.
	if err := poll(ctx, time.Minute, func(ctx context.Context) error {
		_, err := client.CoreV1().Pods(pod.Namespace).Create(ctx, pod, metav1.CreateOptions{})
		return err
	}); err != nil {
		return fmt.Errorf("creating pod %s: %w", name, err)
	}
	return poll(ctx, 90*time.Second, func(ctx context.Context) error { return checkPod(ctx, client, name, node.Name) })
}

func checkPod(ctx context.Context, client kubernetes.Interface, name, node string) error {
	pods := client.CoreV1().Pods(metav1.NamespaceDefault)
	pod, err := pods.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if pod.Status.Phase != corev1.PodRunning {
		return fmt.Errorf("pod %s is %s: %v", name, pod.Status.Phase, pod.Status.ContainerStatuses)
	}
	if pod.Spec.NodeName != node {
		return permanentError{fmt.Errorf("pod %s: node %s must be %s", name, pod.Spec.NodeName, node)}
	}
	log, err := pods.GetLogs(name, &corev1.PodLogOptions{}).DoRaw(ctx)
	if err != nil {
		return fmt.Errorf("reading the log of pod %s: %w", name, err)
	}
	if !strings.Contains(string(log), "hello from "+name) {
		return fmt.Errorf("pod %s: unexpected log %q", name, log)
	}
	return nil
}

// podStart returns the time at which a pod's container started.
func podStart(ctx context.Context, client kubernetes.Interface, name string) (metav1.Time, error) {
	pod, err := client.CoreV1().Pods(metav1.NamespaceDefault).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return metav1.Time{}, err
	}
	for _, status := range pod.Status.ContainerStatuses {
		if status.State.Running != nil {
			return status.State.Running.StartedAt, nil
		}
	}
	return metav1.Time{}, fmt.Errorf("pod %s is not running", name)
}

// checkSystemPods checks that every pod of namespace kube-system is ready.
func checkSystemPods(ctx context.Context, client kubernetes.Interface) error {
	pods, err := client.CoreV1().Pods(metav1.NamespaceSystem).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var unready []string
	for _, pod := range pods.Items {
		for _, c := range pod.Status.Conditions {
			if c.Type == corev1.PodReady && c.Status != corev1.ConditionTrue && pod.DeletionTimestamp == nil {
				unready = append(unready, pod.Name+" on "+pod.Spec.NodeName)
			}
		}
	}
	if len(unready) > 0 || len(pods.Items) == 0 {
		return fmt.Errorf("%d of %d pods are not ready: %s", len(unready), len(pods.Items), strings.Join(unready, ", "))
	}
	return nil
}
