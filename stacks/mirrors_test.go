package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
)

func TestMirrors_Sources(t *testing.T) {
	t.Parallel()
	settings, err := decode(t, "dev", map[string]string{
		"kubernetesVersion": "1.36.3",
		"packageMirrors":    `["kubernetes=https://packages.example.com/k8s","containerd=https://packages.example.com/docker/","ubuntu=http://packages.example.com/ubuntu"]`,
		"imageMirrors":      `["docker.io=https://registry.example.com/docker"]`,
	})
	require.NoError(t, err)
	assert.Equal(t, kubeadm.Sources{
		KubernetesAPT:    "https://packages.example.com/k8s/core:/stable:/v1.36/deb/",
		KubernetesAPTKey: "https://packages.example.com/k8s/core:/stable:/v1.36/deb/Release.key",
		ContainerdAPT:    "https://packages.example.com/docker", ContainerdAPTKey: "https://packages.example.com/docker/gpg",
		UbuntuAPT: "http://packages.example.com/ubuntu", ImageMirrors: map[string]string{"docker.io": "https://registry.example.com/docker"},
	}, settings.sources())
}
