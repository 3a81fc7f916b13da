package ports

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// The numbers are registered with IANA (VXLAN: RFC 7348) or documented by Calico and Kubernetes.
func TestPorts(t *testing.T) {
	assert.Equal(t, []int{22, 4789, 5473, 6443, 9100, 10250}, []int{SSH, VXLAN, Typha, APIServer, NodeExporter, Kubelet})
	assert.Equal(t, []int{2379, 2380}, []int{EtcdClient, EtcdPeer})
}
