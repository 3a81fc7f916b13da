package boot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/rehearsal/internal/testwait"
)

// TestLife is the life of a small cluster: two machines boot, one is switched off, the control plane is lost and replaced.
func TestLife(t *testing.T) {
	a, w := newAccount(), newWorld(t)
	ctx := t.Context()
	joined := make(chan error, 1)
	go func() { joined <- w.Boot(ctx, workerMachine(t, a, "i-2", "worker", "10.0.1.5")) }() // it has to wait for the control plane
	require.NoError(t, w.Boot(ctx, controlPlaneMachine(t, a, "i-1", "vol-1")))
	require.NoError(t, <-joined)
	client := admin(t, w)

	t.Run("nodes are as their user data says", func(t *testing.T) {
		worker := ready(t, client, "worker")
		assert.Equal(t, "worker", worker.Labels["workload"])
		assert.Equal(t, "worker", worker.Labels[corev1.LabelHostname])
		assert.Equal(t, "aws:///ap-northeast-2b/i-2", worker.Spec.ProviderID)
		assert.Equal(t, "ap-northeast-2b", worker.Labels[corev1.LabelTopologyZone], "the node restriction lets kubelet set it")
		assert.Equal(t, "ap-northeast-2", worker.Labels[corev1.LabelTopologyRegion])
		assert.Equal(t, []corev1.Taint{{Key: "dedicated", Value: "worker", Effect: corev1.TaintEffectNoSchedule}}, worker.Spec.Taints)
		assert.Equal(t, "v1.36.3", worker.Status.NodeInfo.KubeletVersion)
		assert.Equal(t, []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "10.0.1.5"}, {Type: corev1.NodeHostName, Address: "worker"}}, worker.Status.Addresses)
		// t3.medium: 4096 MiB less 7.5 %, less 475 MiB reserved, less 100 MiB kept free.
		assert.Equal(t, "3213Mi", worker.Status.Allocatable.Memory().String())
		assert.Equal(t, "1930m", worker.Status.Allocatable.Cpu().String())
		assert.Equal(t, "20", worker.Status.Allocatable.Pods().String())
		master := ready(t, client, "master")
		assert.Contains(t, master.Labels, "node-role.kubernetes.io/control-plane")
		assert.Equal(t, "master", master.Labels["workload"])
		assert.NotEmpty(t, master.Spec.Taints)
	})
	t.Run("kube-system is what kubeadm installs", func(t *testing.T) {
		testwait.Until(t, func(ctx context.Context) error {
			dns, err := client.AppsV1().Deployments("kube-system").Get(ctx, "coredns", metav1.GetOptions{})
			if err != nil {
				return err
			}
			proxy, err := client.AppsV1().DaemonSets("kube-system").Get(ctx, "kube-proxy", metav1.GetOptions{})
			if err != nil {
				return err
			}
			if dns.Status.ReadyReplicas != 2 || proxy.Status.NumberReady != 2 {
				return fmt.Errorf("coredns %d of 2 ready, kube-proxy %d of 2", dns.Status.ReadyReplicas, proxy.Status.NumberReady)
			}
			return nil
		})
	})
	t.Run("everything is published", func(t *testing.T) {
		var message kubeadm.KubeconfigMessage
		text := a.get(kubeadm.KubeconfigParameter(clusterName))
		assert.LessOrEqual(t, len(text), 4096, "an SSM parameter takes no more")
		require.NoError(t, json.Unmarshal([]byte(text), &message))
		assert.Equal(t, "i-1", message.InstanceID)
		config, err := clientcmd.RESTConfigFromKubeConfig([]byte(message.Kubeconfig))
		require.NoError(t, err)
		assert.Equal(t, "https://10.0.0.10:6443", config.Host)
		assert.LessOrEqual(t, len(a.get(kubeadm.JoinParameter(clusterName, "worker"))), 4096)
		for node, id := range map[string]string{"master": "i-1", "worker": "i-2"} {
			status := a.status(t, node)
			assert.Equal(t, kubeadm.PhaseReady, status.Phase)
			assert.Equal(t, id, status.InstanceID)
			assert.Empty(t, status.Reason)
		}
	})
	t.Run("the API server refuses a role label from a kubelet", func(t *testing.T) {
		m := workerMachine(t, a, "i-3", "intruder", "10.0.1.6")
		node := &userdata.Node{Name: "intruder", KubernetesVersion: "1.36.3", MaxPods: 20, Labels: map[string]string{"node-role.kubernetes.io/x": ""}}
		identity := nodeIdentity(t, w, m, "intruder")
		assert.ErrorContains(t, register(ctx, identity, m, node), `node "intruder" is not allowed to set the following labels: node-role.kubernetes.io/x`)
		node.Labels, node.Name = nil, "other"
		assert.ErrorContains(t, register(ctx, identity, m, node), `node "intruder" is not allowed to modify node "other"`)
	})
	t.Run("a living node's name is not given away", func(t *testing.T) {
		short := New(Options{Programs: programs, StateDir: t.TempDir(), JoinWait: time.Second, RestartDelay: time.Hour})
		short.network = w.network
		require.Error(t, bootOnce(t, short, workerMachine(t, a, "i-4", "worker", "10.0.1.7")))
		status := a.status(t, "worker")
		assert.Equal(t, kubeadm.PhaseFailed, status.Phase)
		assert.Contains(t, status.Reason, "the control plane has not answered the request in /lab/join/worker")
	})
	t.Run("a closed security group keeps a machine out", func(t *testing.T) {
		closed := workerMachine(t, a, "i-5", "outsider", "10.0.1.8")
		closed.Services.(*services).firewall = func(address string, port int) error {
			if address == controlPlaneIP && port == 6443 {
				return errors.New("no rule of security group sg-workers lets tcp 6443 out")
			}
			return nil
		}
		short := New(Options{Programs: programs, StateDir: t.TempDir(), JoinWait: 2 * time.Second, RestartDelay: time.Hour})
		short.network = w.network
		require.ErrorContains(t, bootOnce(t, short, closed), "no rule of security group sg-workers")
		assert.Contains(t, a.status(t, "outsider").Reason, "no rule of security group sg-workers lets tcp 6443 out")
		_, err := client.CoreV1().Nodes().Get(t.Context(), "outsider", metav1.GetOptions{})
		assert.Error(t, err, "the node must not exist")
	})

	_, err := client.CoreV1().ConfigMaps("default").Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "kept"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Run("a lost control plane comes back from its volume", func(t *testing.T) {
		port := w.Cluster().APIPort()
		require.NoError(t, w.Terminate(ctx, "i-1"))
		assert.Nil(t, w.Cluster())
		require.NoError(t, w.Boot(ctx, controlPlaneMachine(t, a, "i-6", "vol-1")))
		assert.Equal(t, port, w.Cluster().APIPort(), "its clients must find it where it was")
		client = admin(t, w)
		_, err := client.CoreV1().ConfigMaps("default").Get(ctx, "kept", metav1.GetOptions{})
		require.NoError(t, err)
		assert.Equal(t, "worker", ready(t, client, "worker").Labels["workload"])
		assert.Equal(t, "i-6", ready(t, client, "master").Status.NodeInfo.SystemUUID)
		assert.Contains(t, a.get(kubeadm.KubeconfigParameter(clusterName)), `"instanceId":"i-6"`)
	})
	t.Run("a machine that is switched off falls silent", func(t *testing.T) {
		leases := client.CoordinationV1().Leases(corev1.NamespaceNodeLease)
		testwait.Until(t, func(ctx context.Context) error {
			_, err := leases.Get(ctx, "worker", metav1.GetOptions{})
			return err
		})
		require.NoError(t, w.Terminate(ctx, "i-2"))
		before, err := leases.Get(ctx, "worker", metav1.GetOptions{})
		require.NoError(t, err)
		// kwok renews a lease of 40 s every 10 s.
		time.Sleep(12 * time.Second)
		after, err := leases.Get(ctx, "worker", metav1.GetOptions{})
		require.NoError(t, err)
		assert.Equal(t, before.Spec.RenewTime, after.Spec.RenewTime)
		master, err := leases.Get(ctx, "master", metav1.GetOptions{})
		require.NoError(t, err)
		assert.Less(t, time.Since(master.Spec.RenewTime.Time), 11*time.Second, "the others must go on")
	})
	t.Run("the volume's end is the cluster's end", func(t *testing.T) {
		require.NoError(t, w.Terminate(ctx, "i-6"))
		assert.DirExists(t, w.volumeDir("vol-1"))
		require.NoError(t, w.RemoveVolume("vol-1"))
		left, err := os.ReadDir(w.options.StateDir + "/volumes")
		require.NoError(t, err)
		assert.Empty(t, left)
		machines, err := os.ReadDir(w.options.StateDir + "/machines")
		require.NoError(t, err)
		assert.Empty(t, machines)
	})
}
