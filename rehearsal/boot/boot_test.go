package boot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/rehearsal/toolchain"
)

const clusterName = "lab"

func programs(ctx context.Context, version string) (map[string]string, error) {
	builder, err := toolchain.New("../tools", os.Stderr)
	if err != nil {
		return nil, err
	}
	tools, err := builder.ControlPlane(version)
	if err != nil {
		return nil, err
	}
	return builder.Build(ctx, tools...)
}

func nodeConfig(name string) kubeadm.NodeConfig {
	return kubeadm.NodeConfig{
		Cluster: clusterName, Region: "ap-northeast-2", Name: name, MaxPods: 20, KubernetesVersion: "1.36.3",
		Labels: map[string]string{"workload": name}, KubeReserved: map[string]string{"cpu": "70m", "memory": "475Mi"},
		EvictionHard: map[string]string{"memory.available": "100Mi"},
	}
}

func controlPlaneMachine(t *testing.T, a *account, id string) Machine {
	config := kubeadm.ControlPlaneConfig{NodeConfig: nodeConfig("master"), PrivateIP: "10.0.0.10", PodCIDR: "192.168.0.0/16", ServiceCIDR: "10.97.0.0/16"}
	config.DataMount = "/var/lib/data"
	data, err := kubeadm.ControlPlaneUserData(config)
	require.NoError(t, err)
	return Machine{ID: id, InstanceType: "t3.large", PrivateIP: "10.0.0.10", UserData: data, RootGiB: 20, Services: &services{account: a, volume: "vol-1"}}
}

func workerMachine(t *testing.T, a *account, id, name, ip string) Machine {
	config := kubeadm.WorkerConfig{NodeConfig: nodeConfig(name)}
	config.Taints = []corev1.Taint{{Key: "dedicated", Value: name, Effect: corev1.TaintEffectNoSchedule}}
	data, err := kubeadm.WorkerUserData(config)
	require.NoError(t, err)
	return Machine{ID: id, InstanceType: "t3.medium", PrivateIP: ip, UserData: data, RootGiB: 30, Services: &services{account: a}}
}

func newWorld(t *testing.T) *World {
	began := time.Now()
	w := New(Options{Programs: programs, StateDir: t.TempDir(), JoinWait: 20 * time.Second, RestartDelay: time.Second, Log: func(machine, message string) {
		t.Logf("%5.1fs %s: %s", time.Since(began).Seconds(), machine, message)
	}})
	t.Cleanup(w.Close)
	return w
}

func TestQuick(t *testing.T) {
	a, w := newAccount(), newWorld(t)
	ctx := t.Context()
	cp := controlPlaneMachine(t, a, "i-1")
	wk := workerMachine(t, a, "i-2", "worker", "10.0.1.5")
	done := make(chan error)
	go func() { done <- w.Boot(ctx, wk) }()
	require.NoError(t, w.Boot(ctx, cp))
	require.NoError(t, <-done)
	client := kubernetes.NewForConfigOrDie(w.Cluster().Admin())
	require.NoError(t, eventually(20*time.Second, func() error {
		nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		for _, n := range nodes.Items {
			if n.Spec.PodCIDR == "" || len(n.Spec.Taints) != 1 {
				return fmt.Errorf("%s %+v", n.Name, n.Spec)
			}
		}
		return nil
	}))
	t.Log("nodes ready")
	nodes, _ := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	for _, n := range nodes.Items {
		b, _ := json.Marshal(n)
		t.Log(string(b))
	}
	require.NoError(t, eventually(20*time.Second, func() error {
		pods, err := client.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		for _, n := range pods.Items {
			t.Logf("%s %s %s %s", n.Name, n.Spec.NodeName, n.Status.Phase, n.Status.PodIP)
		}
		return errors.New("x")
	}))
}
