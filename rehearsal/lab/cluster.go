package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/stacks"
)

// client speaks to the API server with the kubeconfig that the control plane published, and with nothing else.
func (l *Lab) client(m *Machine) (kubernetes.Interface, error) {
	text, err := m.parameter(m.node.KubeconfigParameter)
	if err != nil {
		return nil, err
	}
	var message kubeadm.KubeconfigMessage
	if err := json.Unmarshal([]byte(text), &message); err != nil {
		return nil, fmt.Errorf("the published kubeconfig: %w", err)
	}
	if id := l.awsapi.InstanceID(m.aws); message.InstanceID != id {
		return nil, fmt.Errorf("the published kubeconfig is that of %s, not of %s", message.InstanceID, id)
	}
	config, err := clientcmd.RESTConfigFromKubeConfig([]byte(message.Kubeconfig))
	if err != nil {
		return nil, fmt.Errorf("the published kubeconfig: %w", err)
	}
	config.Dial = l.network.Dial
	config.Timeout = 10 * time.Second
	config.QPS, config.Burst = 50, 100
	return kubernetes.NewForConfig(config)
}

// checkNode compares a registered node with its row of the topology.
func (l *Lab) checkNode(ctx context.Context, client kubernetes.Interface, name string) error {
	want, err := l.node(name)
	if err != nil {
		return err
	}
	node, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if !ready(node) {
		return fmt.Errorf("node %s is not Ready: %s", name, condition(node))
	}
	for key, value := range want.Labels {
		if node.Labels[key] != value {
			return final{fmt.Errorf("node %s has label %s=%q; %q is right", name, key, node.Labels[key], value)}
		}
	}
	taints := want.Taints()
	if want.Role == stacks.RoleControlPlane {
		taints = append(taints, corev1.Taint{Key: "node-role.kubernetes.io/control-plane", Effect: corev1.TaintEffectNoSchedule})
	}
	for _, taint := range taints {
		if !slices.ContainsFunc(node.Spec.Taints, func(t corev1.Taint) bool { return t.MatchTaint(&taint) && t.Value == taint.Value }) {
			return final{fmt.Errorf("node %s lacks the taint %s", name, taint.ToString())}
		}
	}
	if len(node.Spec.Taints) > len(taints) {
		return fmt.Errorf("node %s has more taints than its own: %v", name, node.Spec.Taints)
	}
	if pods := node.Status.Capacity.Pods().Value(); pods != int64(want.MaxPods) {
		return final{fmt.Errorf("node %s takes %d pods; %d is right", name, pods, want.MaxPods)}
	}
	return nil
}

func ready(node *corev1.Node) bool {
	return slices.ContainsFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
}

func condition(node *corev1.Node) string {
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Message
		}
	}
	return "kubelet has said nothing"
}

// runPod runs a pod on the worker, tolerating its taints, and reads back what it said.
func (l *Lab) runPod(ctx context.Context, client kubernetes.Interface, name string) error {
	node, err := l.node(l.options.Worker)
	if err != nil {
		return err
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: metav1.NamespaceDefault},
		Spec: corev1.PodSpec{
			NodeSelector: node.Labels,
			Containers:   []corev1.Container{{Name: "hello", Image: registryAddress + "/" + podImage, Args: []string{name}}},
		},
	}
	for _, taint := range node.Taints() {
		pod.Spec.Tolerations = append(pod.Spec.Tolerations, corev1.Toleration{Key: taint.Key, Value: taint.Value, Effect: taint.Effect})
	}
	pods := client.CoreV1().Pods(pod.Namespace)
	// The service account comes a moment after the namespace.
	if err := wait(ctx, time.Minute, func(ctx context.Context) error {
		_, err := pods.Create(ctx, pod, metav1.CreateOptions{})
		return err
	}); err != nil {
		return fmt.Errorf("creating a pod: %w", err)
	}
	return wait(ctx, 90*time.Second, func(ctx context.Context) error {
		found, err := pods.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if found.Status.Phase != corev1.PodRunning {
			return fmt.Errorf("pod %s is %s: %v", name, found.Status.Phase, found.Status.ContainerStatuses)
		}
		if found.Spec.NodeName != node.Name {
			return final{fmt.Errorf("pod %s runs on %s", name, found.Spec.NodeName)}
		}
		said, err := pods.GetLogs(name, &corev1.PodLogOptions{}).DoRaw(ctx)
		if err != nil {
			return fmt.Errorf("reading its log: %w", err)
		}
		if !strings.Contains(string(said), "hello from "+name) {
			return fmt.Errorf("pod %s said %q", name, said)
		}
		return nil
	})
}
