package cluster

import (
	"context"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Kubeconfig is a kubeconfig of its own for the named administrator, made by kubeadm; its server is the control
// plane's private address.
func (c *Cluster) Kubeconfig(ctx context.Context, name string) ([]byte, error) {
	return c.kubeadm(ctx, "kubeconfig", "user", "--client-name", name, "--org", adminGroup, "--config", c.layout.host(hostConfigPath))
}

// Discovery creates a bootstrap token and returns the discovery kubeconfig that lets a machine join: the API
// server's private address, the authority's certificate to trust, and the token.
func (c *Cluster) Discovery(ctx context.Context, lifetime time.Duration) ([]byte, error) {
	output, err := c.kubeadm(ctx, "token", "create", "--ttl", lifetime.String(), "--description", "join data of "+c.machine.nodeName,
		"--kubeconfig", c.layout.kubeconfig("admin.conf"))
	if err != nil {
		return nil, err
	}
	info, err := c.client.CoreV1().ConfigMaps(metav1.NamespacePublic).Get(ctx, "cluster-info", metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading cluster-info: %w", err)
	}
	published, err := clientcmd.Load([]byte(info.Data["kubeconfig"]))
	if err != nil {
		return nil, fmt.Errorf("reading cluster-info: %w", err)
	}
	const name = "bootstrap"
	config := clientcmdapi.NewConfig()
	config.Clusters[name] = published.Clusters[""] // kubeadm publishes the cluster without a name
	config.AuthInfos[name] = &clientcmdapi.AuthInfo{Token: strings.TrimSpace(string(output))}
	config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	config.CurrentContext = name
	return clientcmd.Write(*config)
}
