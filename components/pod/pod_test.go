package pod

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/growbin/cluster/components/validation"
)

func TestPlacementValidate(t *testing.T) {
	p := Placement{NodeSelector: map[string]string{"a": "b"}, Tolerations: []corev1.Toleration{{Key: "x", Operator: corev1.TolerationOpExists}}}
	require.NoError(t, p.Validate())
	require.ErrorContains(t, Placement{}.Validate(), "NodeSelector: not set, must")
	p.Tolerations[0].Value = "y"
	require.ErrorContains(t, p.Validate(), `Tolerations[0].Value: "y" must be empty`)
}

func TestResourcesValidate(t *testing.T) {
	good := Resources{Requests: Amount{MilliCPU: 10, MemoryMiB: 20}, Limits: Amount{MilliCPU: 10, MemoryMiB: 30}}
	require.NoError(t, good.Validate())
	bad := good
	bad.Requests.MilliCPU, bad.Limits.MemoryMiB = 0, 19
	err := bad.Validate()
	require.ErrorContains(t, err, "Requests.MilliCPU: 0 must be a positive")
	require.ErrorContains(t, err, "Limits.MemoryMiB: 19 must be at least the request, 20 MiB")
}

func TestImageValidate(t *testing.T) {
	for image, valid := range map[string]bool{
		"redis:7.2.16": true, "api@sha256:0123": true, "localhost:5000/api:1": true, "localhost:5000/api": false, "redis": false, "": false,
	} {
		var problems validation.Problems
		ValidateImage(&problems, "Image", image)
		if valid {
			assert.NoError(t, problems.Err())
		} else {
			assert.ErrorContains(t, problems.Err(), `Image: "`+image+`" must have a tag`)
		}
	}
}

func TestChecksum(t *testing.T) {
	files := map[string]string{"a": "1", "b": "2"}
	same := map[string]string{"b": "2", "a": "1"}
	assert.Equal(t, Checksum(files), Checksum(same))
	for _, other := range []map[string]string{{"a": "1"}, {"a": "1", "b": "3"}, {"a": "12", "b": ""}, {"ab": "1", "": "2"}} {
		assert.NotEqual(t, Checksum(files), Checksum(other), other)
	}
}
