package pod

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

func TestPlacementValidate(t *testing.T) {
	p := Placement{NodeSelector: map[string]string{"a": "b"}, Tolerations: []corev1.Toleration{{Key: "x", Operator: corev1.TolerationOpExists}}}
	require.NoError(t, p.Validate())
	require.ErrorContains(t, Placement{}.Validate(), "NodeSelector is empty")
	p.Tolerations[0].Value = "y"
	require.ErrorContains(t, p.Validate(), `Tolerations[0] has operator Exists and value "y"`)
}

func TestResourcesValidate(t *testing.T) {
	good := Resources{Requests: Amount{MilliCPU: 10, MemoryMiB: 20}, Limits: Amount{MilliCPU: 10, MemoryMiB: 30}}
	require.NoError(t, good.Validate("Server"))
	bad := good
	bad.Requests.MilliCPU, bad.Limits.MemoryMiB = 0, 19
	err := bad.Validate("Server")
	require.ErrorContains(t, err, "Server.Requests.MilliCPU is 0; give a positive number of thousandths of a CPU")
	require.ErrorContains(t, err, "Server.Limits.MemoryMiB is 19; give at least the request, 20 MiB")
}

func TestChecksum(t *testing.T) {
	files := map[string]string{"a": "1", "b": "2"}
	same := map[string]string{"b": "2", "a": "1"}
	assert.Equal(t, Checksum(files), Checksum(same))
	for _, other := range []map[string]string{{"a": "1"}, {"a": "1", "b": "3"}, {"a": "12", "b": ""}, {"ab": "1", "": "2"}} {
		assert.NotEqual(t, Checksum(files), Checksum(other), other)
	}
}
