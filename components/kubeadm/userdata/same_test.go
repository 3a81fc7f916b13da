package userdata_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeadm/userdata"
)

func TestSameNode(t *testing.T) {
	config := kubeadm.WorkerConfig{NodeConfig: kubeadm.NodeConfig{
		Cluster: "test", Region: "ap-northeast-2", Name: "api", MaxPods: 20, KubernetesVersion: "1.36.3", Images: []string{"registry.example.com/api:1.0.0"},
	}}
	rendered := func(change func(*kubeadm.WorkerConfig)) string {
		changed := config
		change(&changed)
		text, err := kubeadm.WorkerUserData(changed)
		require.NoError(t, err)
		return text
	}
	is := rendered(func(*kubeadm.WorkerConfig) {})
	assert.True(t, userdata.SameNode(is, is))
	assert.True(t, userdata.SameNode(is, rendered(func(c *kubeadm.WorkerConfig) { c.Images = []string{"registry.example.com/api:1.0.1"} })), "a release")
	assert.False(t, userdata.SameNode(is, rendered(func(c *kubeadm.WorkerConfig) { c.KubernetesVersion = "1.36.4" })))
	assert.False(t, userdata.SameNode(is, rendered(func(c *kubeadm.WorkerConfig) { c.Labels = map[string]string{"type": "ai"} })))
	assert.True(t, userdata.SameNode("unreadable", "unreadable"))
	assert.False(t, userdata.SameNode("unreadable", is))
	assert.False(t, userdata.SameNode(is, "unreadable"))
}
