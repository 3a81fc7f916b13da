package namespace

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNewNamespace_Quota(t *testing.T) {
	quota := &Quota{Pods: 6, MilliCPU: 600, MemoryMiB: 768, LimitMiB: 1536, ContainerMiB: 256}
	r, err := deploy(NamespaceArgs{Quota: quota})
	require.NoError(t, err)
	hard := r.One(t, "kubernetes:core/v1:ResourceQuota", "apps-pods").Value("spec").(map[string]any)["hard"]
	assert.Equal(t, map[string]any{"pods": "6", "requests.cpu": "600m", "requests.memory": "768Mi", "limits.memory": "1536Mi"}, hard)
	limits := r.One(t, "kubernetes:core/v1:LimitRange", "apps-pods").Value("spec").(map[string]any)["limits"].([]any)
	assert.Equal(t, []any{map[string]any{
		"type": "Container", "max": map[string]any{"memory": "256Mi"}, "default": map[string]any{"memory": "64Mi"},
		"defaultRequest": map[string]any{"cpu": "10m", "memory": "64Mi"},
	}}, limits)

	_, err = deploy(NamespaceArgs{Quota: &Quota{ContainerMiB: 32, LimitMiB: 16}})
	for _, want := range []string{"Quota.Pods: 0 must be at least 1", "Quota.MilliCPU: 0", "Quota.MemoryMiB: 0", "Quota.ContainerMiB: 32 must be at least 64", "Quota.LimitMiB: 16 must be at least ContainerMiB, 32"} {
		assert.ErrorContains(t, err, want)
	}
}
