package boot

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm/userdata"
)

func TestAllocatable(t *testing.T) {
	cases := map[string]struct {
		node                             userdata.Node
		wantCPU, wantMemory, wantStorage string
	}{
		"nothing reserved: kubelet's own eviction thresholds": {
			node: userdata.Node{MaxPods: 10}, wantCPU: "2", wantMemory: "3688Mi", wantStorage: "18Gi",
		},
		"kube and system reserved add up": {
			node: userdata.Node{MaxPods: 10,
				KubeReserved:   map[string]string{"cpu": "70m", "memory": "400Mi", "pid": "1000"},
				SystemReserved: map[string]string{"cpu": "30m", "memory": "100Mi", "ephemeral-storage": "1Gi"}},
			wantCPU: "1900m", wantMemory: "3188Mi", wantStorage: "17Gi",
		},
		"thresholds of its own": {
			node:    userdata.Node{MaxPods: 10, EvictionHard: map[string]string{"memory.available": "50%", "nodefs.available": "5Gi"}},
			wantCPU: "2", wantMemory: "1894Mi", wantStorage: "15Gi",
		},
		"never below zero": {
			node: userdata.Node{MaxPods: 10, KubeReserved: map[string]string{"memory": "64Gi"}}, wantCPU: "2", wantMemory: "0", wantStorage: "18Gi",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			status, err := nodeStatus(Machine{InstanceType: "t3.medium", RootGiB: 20}, &c.node)
			require.NoError(t, err)
			assert.Equal(t, c.wantCPU, status.Allocatable.Cpu().String())
			assert.Equal(t, c.wantMemory, status.Allocatable.Memory().String())
			assert.Equal(t, c.wantStorage, status.Allocatable.StorageEphemeral().String())
			assert.Equal(t, "3788Mi", status.Capacity.Memory().String())
		})
	}
}

func TestUnknownInstanceType(t *testing.T) {
	_, err := nodeStatus(Machine{InstanceType: "z9.tiny"}, &userdata.Node{MaxPods: 10})
	assert.ErrorContains(t, err, "z9.tiny")
}
