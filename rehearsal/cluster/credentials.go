package cluster

import (
	"context"
	"fmt"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Kubeconfig is a kubeconfig of its own for the named administrator, made by kubeadm; its server is the control
// plane's private address.
func (c *Cluster) Kubeconfig(ctx context.Context, name string) ([]byte, error) {
	return c.KubeconfigOf(ctx, name, adminGroup)
}

// KubeconfigOf is a kubeconfig for a user of the group, for two weeks.
func (c *Cluster) KubeconfigOf(ctx context.Context, name, group string) ([]byte, error) {
	return c.kubeadm(ctx, "kubeconfig", "user", "--client-name", name, "--org", group, "--validity-period", "336h", "--config", c.layout.host(hostConfigPath))
}

// JoinKubeconfig is the kubeconfig that lets a node join: the API server's private address, the authority to trust, and the
// node's certificate. Its key is the node's alone.
func (c *Cluster) JoinKubeconfig(node string, certificate []byte) ([]byte, error) {
	config := clientcmdapi.NewConfig()
	config.Clusters[node] = &clientcmdapi.Cluster{Server: c.server, CertificateAuthorityData: c.admin.CAData}
	config.AuthInfos[node] = &clientcmdapi.AuthInfo{ClientCertificateData: certificate, ClientKey: "/run/kubeadm-bootstrap/join.key"}
	config.Contexts[node] = &clientcmdapi.Context{Cluster: node, AuthInfo: node}
	config.CurrentContext = node
	return clientcmd.Write(*config)
}

// TokenKeys are the public keys of service account tokens, as the API server serves them (JWKS).
func (c *Cluster) TokenKeys(ctx context.Context) ([]byte, error) {
	keys, err := c.client.Discovery().RESTClient().Get().AbsPath("/openid/v1/jwks").DoRaw(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the keys of tokens: %w", err)
	}
	return keys, nil
}
