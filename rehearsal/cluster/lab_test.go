package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/rehearsal/tools"
)

// labConfig has something in it for each thing that must count: a service range of its own, an admission plugin, an
// audit policy in a file.
const labConfig = `
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {advertiseAddress: 10.0.0.10, bindPort: 6443}
nodeRegistration: {name: master, criSocket: "unix:///run/containerd/containerd.sock"}
patches: {directory: /etc/kubeadm/patches}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.36.3
clusterName: lab
controlPlaneEndpoint: 10.0.0.10:6443
encryptionAlgorithm: ECDSA-P256
certificatesDir: /var/lib/data/pki
etcd: {local: {dataDir: /var/lib/data/etcd}}
networking: {podSubnet: 192.168.0.0/16, serviceSubnet: 10.97.0.0/16}
apiServer:
  extraArgs:
  - {name: enable-admission-plugins, value: "NodeRestriction,AlwaysPullImages"}
  - {name: audit-policy-file, value: /etc/kubernetes/audit-policy.yaml}
  - {name: audit-log-path, value: /var/log/kubernetes/audit.log}
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
maxPods: 20
`

const auditPolicy = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n"

// labPrograms are built once for all tests, and come from the cache from then on.
func labPrograms(t *testing.T) tools.Binaries {
	t.Helper()
	builder, err := tools.New("../tools", os.Stderr)
	require.NoError(t, err)
	programs, err := builder.BuildControlPlane(t.Context(), "1.36.3")
	require.NoError(t, err)
	return programs
}

func labSettings(t *testing.T) Config {
	dir, began := t.TempDir(), time.Now()
	return Config{
		Binaries: labPrograms(t), Kubeadm: []byte(labConfig),
		Files:     map[string][]byte{"/etc/kubernetes/audit-policy.yaml": []byte(auditPolicy)},
		VolumeDir: filepath.Join(dir, "volume"), RunDir: filepath.Join(dir, "run"),
		Log: func(format string, args ...any) {
			t.Logf("%5.1fs "+format, append([]any{time.Since(began).Seconds()}, args...)...)
		},
	}
}

func start(t *testing.T, settings Config) (*Cluster, kubernetes.Interface) {
	t.Helper()
	c, err := Start(t.Context(), settings)
	require.NoError(t, err)
	t.Cleanup(c.Stop)
	client, err := kubernetes.NewForConfig(c.Admin())
	require.NoError(t, err)
	return c, client
}

// addNode adds a node whose kubelet kwok plays.
func addNode(t *testing.T, client kubernetes.Interface, name string) {
	t.Helper()
	total := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("2"), corev1.ResourceMemory: resource.MustParse("4Gi"), corev1.ResourcePods: resource.MustParse("110"),
	}
	_, err := client.CoreV1().Nodes().Create(t.Context(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name: name, Labels: map[string]string{corev1.LabelHostname: name, FakeNodeLabel: FakeNode},
	}, Status: corev1.NodeStatus{
		Addresses: []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "10.0.0.10"}},
		Capacity:  total, Allocatable: total,
	}}, metav1.CreateOptions{})
	require.NoError(t, err)
}

func podReady(pod *corev1.Pod) error {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue && pod.Status.Phase == corev1.PodRunning {
			return nil
		}
	}
	return fmt.Errorf("pod %s is %s and not ready", pod.Name, pod.Status.Phase)
}
