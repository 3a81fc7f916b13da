package boot

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/rehearsal/internal/testwait"
	"github.com/growbin/cluster/rehearsal/tools"
)

const (
	clusterName    = "lab"
	controlPlaneIP = "10.0.0.10"
)

// programs come from the cache; the first run on a host builds them.
func programs(ctx context.Context, version string) (map[string]string, error) {
	builder, err := tools.New("../tools", os.Stderr)
	if err != nil {
		return nil, err
	}
	return builder.BuildControlPlane(ctx, version)
}

func kubectl(ctx context.Context, version string) (string, error) {
	builder, err := tools.New("../tools", os.Stderr)
	if err != nil {
		return "", err
	}
	return builder.Kubectl(ctx, version)
}

func newWorld(t *testing.T) *World {
	began := time.Now()
	w := New(Options{
		Programs: programs, Kubectl: kubectl, StateDir: t.TempDir(), JoinWait: time.Minute, RestartDelay: 100 * time.Millisecond,
		Log: func(machine, message string) {
			t.Logf("%5.1fs %s: %s", time.Since(began).Seconds(), machine, message)
		},
	})
	t.Cleanup(w.Close)
	return w
}

// testZone is the zone of all machines.
const testZone = "ap-northeast-2b"

func nodeConfig(name string) kubeadm.NodeConfig {
	return kubeadm.NodeConfig{
		Cluster: clusterName, Region: "ap-northeast-2", Name: name, MaxPods: 20, KubernetesVersion: "1.36.3",
		Labels:       map[string]string{"workload": name, corev1.LabelTopologyRegion: "ap-northeast-2", corev1.LabelTopologyZone: testZone},
		KubeReserved: map[string]string{"cpu": "70m", "memory": "475Mi"},
		EvictionHard: map[string]string{"memory.available": "100Mi"},
	}
}

// controlPlaneMachine has its data volume, and the user data that the program under test would render.
func controlPlaneMachine(t *testing.T, a *account, id, volume string) Machine {
	t.Helper()
	config := kubeadm.ControlPlaneConfig{NodeConfig: nodeConfig("master"), PrivateIP: controlPlaneIP, PodCIDR: "192.168.0.0/16", ServiceCIDR: "10.97.0.0/16", BackupBucket: "backups"}
	config.DataMount = "/var/lib/data"
	data, err := kubeadm.ControlPlaneUserData(config)
	require.NoError(t, err)
	return Machine{ID: id, InstanceType: "t3.large", Zone: testZone, PrivateIP: controlPlaneIP, UserData: data, RootGiB: 20, Services: &services{account: a, session: session("master", id), volume: volume}}
}

// session is the ARN under which an instance of a node calls AWS.
func session(node, id string) string {
	return "arn:aws:sts::123456789012:assumed-role/" + kubeadm.RoleName(clusterName, node) + "/" + id
}

func workerMachine(t *testing.T, a *account, id, name, ip string) Machine {
	t.Helper()
	config := kubeadm.WorkerConfig{NodeConfig: nodeConfig(name)}
	config.Taints = []corev1.Taint{{Key: "dedicated", Value: name, Effect: corev1.TaintEffectNoSchedule}}
	data, err := kubeadm.WorkerUserData(config)
	require.NoError(t, err)
	return Machine{ID: id, InstanceType: "t3.medium", Zone: testZone, PrivateIP: ip, UserData: data, RootGiB: 30, Services: &services{account: a, session: session(name, id)}}
}

// status is the latest published status of the node.
func (a *account) status(t *testing.T, node string) (message kubeadm.StatusMessage) {
	t.Helper()
	text := a.get(kubeadm.StatusParameter(clusterName, node))
	require.NotEmpty(t, text, "%s published no status", node)
	require.NoError(t, json.Unmarshal([]byte(text), &message))
	return message
}

func admin(t *testing.T, w *World) kubernetes.Interface {
	t.Helper()
	require.NotNil(t, w.Cluster(), "no control plane runs")
	client, err := kubernetes.NewForConfig(w.Cluster().Admin())
	require.NoError(t, err)
	return client
}

// ready returns the node once it is Ready and open to pods.
func ready(t *testing.T, client kubernetes.Interface, name string) (node *corev1.Node) {
	t.Helper()
	testwait.Until(t, func(ctx context.Context) (err error) {
		if node, err = client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{}); err != nil {
			return err
		}
		for _, taint := range node.Spec.Taints {
			if taint.Key == corev1.TaintNodeNotReady {
				return fmt.Errorf("node %s is not ready", name)
			}
		}
		return nil
	})
	return node
}
