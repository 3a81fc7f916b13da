package lab

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPodRange_OfHost(t *testing.T) {
	pods, err := podRangeOf("192.168.0.0/16", 9)
	require.NoError(t, err)
	assert.Equal(t, "192.168.9.0/24", pods)
	for _, invalid := range []string{"192.168.0.0/17", "fd00::/16", "pods"} {
		_, err := podRangeOf(invalid, 1)
		assert.ErrorContains(t, err, invalid)
	}
	_, err = podRangeOf("192.168.0.0/16", 256)
	assert.ErrorContains(t, err, "host 256")
}

func TestPodNetwork_MasqueradesOutsideOnly(t *testing.T) {
	whole := podNetworkOverride(hardware{podRange: "192.168.1.0/24", podNetwork: "192.168.0.0/16"})
	assert.Contains(t, whole.Files[0].Content, `"ipMasq": false`)
	assert.Contains(t, whole.Files[1].Content, "-s 192.168.1.0/24 ! -d 192.168.0.0/16 -j MASQUERADE")
	alone := podNetworkOverride(hardware{podRange: "10.200.1.0/24"})
	assert.Contains(t, alone.Files[0].Content, `"ipMasq": true`)
	assert.Len(t, alone.Files, 1)
}
