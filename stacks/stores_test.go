package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

// A volume is as large as the disk that it is on: Prometheus and the brokers derive their limits from it.
func TestStores_VolumesAreAsLargeAsTheirDisks(t *testing.T) {
	w := deploy(t, "dev", map[string]string{"dataDiskGiB": `["k8s-redis=64"]`})
	disks := map[string]float64{}
	for _, r := range w.mocks.OfType("aws:ebs/volume:Volume") {
		disks[r.Name] = r.Value("size").(float64)
	}
	volumes, want := map[string]float64{}, map[string]float64{}
	for _, node := range []string{"k8s-rabbitmq", "k8s-postgresql", "k8s-redis", "k8s-monitoring"} {
		want[node] = float64(expectedNodes[node].dataGiB)
	}
	want["k8s-redis"] = 64
	for name, volume := range objectsOf[corev1.PersistentVolume](t, w, "core/v1:PersistentVolume") {
		node := volume.Spec.NodeAffinity.Required.NodeSelectorTerms[0].MatchExpressions[0].Values[0]
		capacity := volume.Spec.Capacity[corev1.ResourceStorage]
		require.Contains(t, disks, node+"-data", name)
		assert.EqualValues(t, disks[node+"-data"]*(1<<30), capacity.Value(), name)
		volumes[node] = disks[node+"-data"]
	}
	assert.Equal(t, want, volumes)
}
