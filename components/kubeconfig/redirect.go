package kubeconfig

import (
	"errors"
	"fmt"

	"sigs.k8s.io/yaml"
)

// Redirect sets the server of the kubeconfig, and the name that the server's certificate is verified against: the server may
// be a port forward, or an address that the certificate does not hold.
func Redirect(kubeconfig, server, serverName string) (string, error) {
	var config map[string]any
	if err := yaml.Unmarshal([]byte(kubeconfig), &config); err != nil {
		// The parser's own message would quote a secret.
		return "", errors.New("the published kubeconfig is not YAML")
	}
	clusters, _ := config["clusters"].([]any)
	if len(clusters) != 1 {
		return "", fmt.Errorf("the published kubeconfig has %d clusters, not one", len(clusters))
	}
	entry, _ := clusters[0].(map[string]any)
	cluster, ok := entry["cluster"].(map[string]any)
	if !ok {
		return "", errors.New("the published kubeconfig's cluster is empty")
	}
	cluster["server"] = server
	cluster["tls-server-name"] = serverName
	out, err := yaml.Marshal(config)
	return string(out), err
}
