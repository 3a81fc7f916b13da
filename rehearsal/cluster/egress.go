package cluster

import "fmt"

// egressConfigPath is where the machine's root disk holds the API server's egress selector configuration.
const egressConfigPath = "/etc/kubernetes/egress-selector.yaml"

// noNetwork names a socket that nothing listens on; its name explains the error that a person sees.
const noNetwork = "/run/nodes-and-pods-are-simulated.sock"

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
`, l.host(noNetwork))
}
