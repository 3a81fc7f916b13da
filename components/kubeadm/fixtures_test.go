package kubeadm_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeadm/userdata"
)

func controlPlaneConfig() kubeadm.ControlPlaneConfig {
	return kubeadm.ControlPlaneConfig{
		NodeConfig: kubeadm.NodeConfig{
			Cluster:           "dev",
			Key:               "alias/dev",
			Region:            "ap-northeast-2",
			Name:              "k8s-master",
			Labels:            map[string]string{"workload": "control-plane"},
			MaxPods:           60,
			KubeReserved:      map[string]string{"cpu": "70m", "memory": "915Mi"},
			SystemReserved:    map[string]string{"cpu": "100m", "memory": "200Mi"},
			EvictionHard:      map[string]string{"memory.available": "100Mi"},
			KubernetesVersion: "1.36.3",
			DataMount:         "/var/lib/control-plane",
		},
		PrivateIP:   "10.0.1.10",
		PodCIDR:     "192.168.0.0/16",
		ServiceCIDR: "10.96.0.0/12",
		CertSANs:    []string{"203.0.113.7", "api.example.com", "10.0.1.10"},

		BackupBucket: backupBucket, BackupSchedule: "*-*-* 03/6:00:00 Asia/Seoul",
	}
}

func workerConfig() kubeadm.WorkerConfig {
	return kubeadm.WorkerConfig{NodeConfig: kubeadm.NodeConfig{
		Cluster:           "dev",
		Key:               "alias/dev",
		Region:            "ap-northeast-2",
		Name:              "k8s-redis",
		Labels:            map[string]string{"workload": "redis", "node.kubernetes.io/purpose": "cache", "type": "storage"},
		Taints:            []corev1.Taint{{Key: "dedicated", Value: "redis", Effect: corev1.TaintEffectNoSchedule}},
		MaxPods:           30,
		KubeReserved:      map[string]string{"cpu": "70m", "memory": "585Mi"},
		SystemReserved:    map[string]string{"cpu": "100m", "memory": "200Mi"},
		EvictionHard:      map[string]string{"memory.available": "100Mi", "nodefs.available": "10%"},
		KubernetesVersion: "1.36.3",
		DataMount:         "/var/lib/redis",
	}}
}

func render(t *testing.T, config any) string {
	t.Helper()
	var text string
	var err error
	switch config := config.(type) {
	case kubeadm.ControlPlaneConfig:
		text, err = kubeadm.ControlPlaneUserData(config)
	case kubeadm.WorkerConfig:
		text, err = kubeadm.WorkerUserData(config)
	case kubeadm.ImageConfig:
		text, err = kubeadm.ImageUserData(config)
	default:
		t.Fatalf("no user data is rendered from a %T", config)
	}
	require.NoError(t, err)
	return text
}

func decode(t *testing.T, encoded string) *userdata.Document {
	t.Helper()
	document, err := userdata.Decode(encoded)
	require.NoError(t, err)
	return document
}
