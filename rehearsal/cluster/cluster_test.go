package cluster_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/rehearsal/cluster"
	"github.com/growbin/cluster/rehearsal/toolchain"
)

const kubeadmYAML = `
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {advertiseAddress: 10.0.0.10, bindPort: 6443}
nodeRegistration: {name: k8s-master, criSocket: "unix:///run/containerd/containerd.sock"}
patches: {directory: /etc/kubeadm/patches}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.36.3
clusterName: demo
encryptionAlgorithm: ECDSA-P256
certificatesDir: /var/lib/data/pki
networking: {podSubnet: 192.168.0.0/16, serviceSubnet: 10.96.0.0/16}
etcd: {local: {dataDir: /var/lib/data/etcd}}
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
maxPods: 20
`

func binaries(t *testing.T) map[string]string {
	builder, err := toolchain.New("../tools", os.Stderr)
	require.NoError(t, err)
	tools, err := builder.ControlPlane("1.36.3")
	require.NoError(t, err)
	paths, err := builder.Build(context.Background(), tools...)
	require.NoError(t, err)
	return paths
}

func TestQuick(t *testing.T) {
	dir := t.TempDir()
	began := time.Now()
	say := func(f string, a ...any) { t.Logf("%5.1fs "+f, append([]any{time.Since(began).Seconds()}, a...)...) }
	b := binaries(t)
	say("built")
	c, err := cluster.Start(context.Background(), cluster.Config{Binaries: b, Kubeadm: []byte(kubeadmYAML), VolumeDir: filepath.Join(dir, "volume"), RunDir: filepath.Join(dir, "run"), Log: say})
	require.NoError(t, err)
	defer c.Stop()
	say("started")
	client := kubernetes.NewForConfigOrDie(c.Admin())
	_, err = client.CoreV1().Nodes().Create(context.Background(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "k8s-master", Annotations: map[string]string{cluster.FakeNodeAnnotation: "fake"}}}, metav1.CreateOptions{})
	require.NoError(t, err)
	require.NoError(t, c.Complete(context.Background()))
	say("complete")
	d, err := c.Discovery(context.Background(), time.Hour)
	require.NoError(t, err)
	t.Log(string(d))
	k, err := c.Kubeconfig(context.Background(), "pulumi")
	require.NoError(t, err)
	say("%d", len(k))
	time.Sleep(3 * time.Second)
	nodes, _ := client.CoreV1().Nodes().List(context.Background(), metav1.ListOptions{})
	for _, n := range nodes.Items {
		t.Logf("%+v %+v %+v", n.Labels, n.Spec, n.Status)
	}
	pods, _ := client.CoreV1().Pods("").List(context.Background(), metav1.ListOptions{})
	for _, n := range pods.Items {
		t.Logf("%s %s %s %+v", n.Name, n.Spec.NodeName, n.Status.Phase, n.Status.PodIP)
	}
	say("stop")
	c.Stop()
	say("stopped")
}
