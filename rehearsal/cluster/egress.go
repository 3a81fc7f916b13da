package cluster

import (
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
)

// egressConfigPath is where the machine's root disk holds the API server's egress selector configuration.
const egressConfigPath = "/etc/kubernetes/egress-selector.yaml"

// noNetwork returns the path of a socket that nothing listens on but ServePods; its name explains the error that a person sees.
// It is not on the machine's root disk: the path of a socket has at most 107 characters.
func (l layout) noNetwork() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("nodes-and-pods-are-simulated-%08x.sock", crc32.ChecksumIEEE([]byte(l.run))))
}

// egressConfig makes the API server reach for kubelets and pods (logs, exec, webhooks, aggregated APIs) through
// a socket that does not exist: such a call fails at once instead of sending packets to somebody else's 10.0.0.0/8.
func egressConfig(l layout) []byte {
	return fmt.Appendf(nil, `apiVersion: apiserver.k8s.io/v1beta1
kind: EgressSelectorConfiguration
egressSelections:
- name: cluster
  connection:
    proxyProtocol: HTTPConnect
    transport:
      uds:
        udsName: %s
`, l.noNetwork())
}
