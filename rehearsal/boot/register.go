package boot

import (
	"context"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/retry"

	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/rehearsal/cluster"
)

// register registers the node with its kubelet's own identity, so that the API server's node restriction judges
// the labels as it would judge a kubelet's.
func register(ctx context.Context, identity *rest.Config, m Machine, node *userdata.Node) error {
	client, err := kubernetes.NewForConfig(identity)
	if err != nil {
		return fmt.Errorf("making the kubelet's client: %w", err)
	}
	object, err := nodeObject(m, node)
	if err != nil {
		return err
	}
	_, err = client.CoreV1().Nodes().Create(ctx, object, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		err = takeOver(ctx, client, object)
	}
	// Pods outlive a Node that was deleted, as by a roll, for a while.
	if err == nil {
		err = startPods(ctx, client, node.Name)
	}
	if err != nil {
		return fmt.Errorf("registering node %s: %w", node.Name, err)
	}
	return nil
}

// startPods resets the pods of the predecessor to Pending, as a new machine's kubelet does: none of their containers exists.
// kwok then starts them; it would not touch a pod that is Running but not ready since its node stopped reporting.
func startPods(ctx context.Context, client kubernetes.Interface, node string) error {
	pods, err := client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector("spec.nodeName", node).String(),
	})
	if err != nil {
		return fmt.Errorf("listing the pods of the predecessor: %w", err)
	}
	for i := range pods.Items {
		pod := &pods.Items[i]
		if pod.DeletionTimestamp != nil || pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
			continue
		}
		pod.ResourceVersion = "" // overwrites concurrent updates of the controllers, as the kubelet does
		pod.Status = corev1.PodStatus{Phase: corev1.PodPending, QOSClass: pod.Status.QOSClass}
		_, err := client.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, pod, metav1.UpdateOptions{})
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) { // it has gone, or another has its name
			return fmt.Errorf("starting pod %s/%s: %w", pod.Namespace, pod.Name, err)
		}
	}
	return nil
}

// nodeObject is the node as its kubelet registers it.
func nodeObject(m Machine, node *userdata.Node) (*corev1.Node, error) {
	status, err := nodeStatus(m, node)
	if err != nil {
		return nil, err
	}
	labels := defaultLabels(node.Name)
	maps.Copy(labels, node.Labels)
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: node.Name, Labels: labels},
		Spec:       corev1.NodeSpec{Taints: node.Taints, ProviderID: "aws:///" + m.Zone + "/" + m.ID},
		Status:     *status,
	}, nil
}

// defaultLabels are those that kubelet sets on every node, and the one by which kwok simulates the kubelet.
func defaultLabels(name string) map[string]string {
	return map[string]string{
		corev1.LabelHostname:   name,
		corev1.LabelOSStable:   "linux",
		corev1.LabelArchStable: "amd64",
		cluster.FakeNodeLabel:  cluster.FakeNode,
	}
}

// takeOver continues a node that is registered already. Like kubelet it then renews its status and the default
// labels, but neither taints nor other labels nor the provider ID: those are set at the first registration only.
func takeOver(ctx context.Context, client kubernetes.Interface, object *corev1.Node) error {
	nodes := client.CoreV1().Nodes()
	return retry.RetryOnConflict(retry.DefaultRetry, func() error {
		found, err := nodes.Get(ctx, object.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		conditions := found.Status.Conditions
		found.Status = object.Status
		found.Status.Conditions = conditions // kwok's to write
		if found, err = nodes.UpdateStatus(ctx, found, metav1.UpdateOptions{}); err != nil {
			return err
		}
		for key, value := range defaultLabels(object.Name) {
			metav1.SetMetaDataLabel(&found.ObjectMeta, key, value)
		}
		_, err = nodes.Update(ctx, found, metav1.UpdateOptions{})
		return err
	})
}
