package lab

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/stacks"
)

// topologyNode returns a row of the topology.
func (l *Lab) topologyNode(name string) (stacks.Node, error) {
	var names []string
	for _, node := range l.settings.Nodes {
		if node.Name == name {
			return node, nil
		}
		names = append(names, node.Name)
	}
	return stacks.Node{}, fmt.Errorf("node %q must be one of %v", name, names)
}

// checkNode compares a registered node with its row of the topology.
func (l *Lab) checkNode(ctx context.Context, client kubernetes.Interface, name string) error {
	want, err := l.topologyNode(name)
	if err != nil {
		return err
	}
	node, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if status, message := readiness(node); status != corev1.ConditionTrue {
		return fmt.Errorf("node %s is not Ready: %s", name, message)
	}
	for key, value := range want.Labels {
		if node.Labels[key] != value {
			return permanentError{fmt.Errorf("node %s: label %s=%q must be %q", name, key, node.Labels[key], value)}
		}
	}
	taints := want.Taints()
	if want.Role == stacks.RoleControlPlane {
		taints = append(taints, corev1.Taint{Key: "node-role.kubernetes.io/control-plane", Effect: corev1.TaintEffectNoSchedule})
	}
	for _, taint := range taints {
		if !slices.ContainsFunc(node.Spec.Taints, func(t corev1.Taint) bool { return t.MatchTaint(&taint) && t.Value == taint.Value }) {
			return permanentError{fmt.Errorf("node %s must have taint %s", name, taint.ToString())}
		}
	}
	if len(node.Spec.Taints) > len(taints) {
		return fmt.Errorf("node %s has more taints than the topology: %v", name, node.Spec.Taints)
	}
	if pods := node.Status.Capacity.Pods().Value(); pods != int64(want.MaxPods) {
		return permanentError{fmt.Errorf("node %s: capacity of %d pods must be %d", name, pods, want.MaxPods)}
	}
	return nil
}

// checkIdentity compares a node with its instance. A Node keeps the provider ID of the instance that registered it first, see
// docs/limits.md.
func checkIdentity(ctx context.Context, client kubernetes.Interface, region, first string, instance *awssim.Machine) error {
	node, err := client.CoreV1().Nodes().Get(ctx, instance.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if want := "aws:///" + instance.Zone + "/" + first; node.Spec.ProviderID != want {
		return fmt.Errorf("node %s: provider ID %q must be %q", node.Name, node.Spec.ProviderID, want)
	}
	if address := (corev1.NodeAddress{Type: corev1.NodeInternalIP, Address: instance.PrivateIP}); !slices.Contains(node.Status.Addresses, address) {
		return fmt.Errorf("node %s: addresses %v must contain %s", node.Name, node.Status.Addresses, instance.PrivateIP)
	}
	for key, value := range map[string]string{corev1.LabelTopologyRegion: region, corev1.LabelTopologyZone: instance.Zone} {
		if node.Labels[key] != value {
			return fmt.Errorf("node %s: label %s=%q must be %q", node.Name, key, node.Labels[key], value)
		}
	}
	return nil
}

// readiness returns status and message of the condition Ready.
func readiness(node *corev1.Node) (corev1.ConditionStatus, string) {
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status, c.Message
		}
	}
	return corev1.ConditionUnknown, "kubelet has not reported"
}
