package cluster

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// serverOf returns the API server's URL that a kubeconfig file names.
func serverOf(path string) (string, error) {
	config, err := clientcmd.LoadFromFile(path)
	if err != nil {
		return "", fmt.Errorf("read the kubeconfig of kubeadm: %w", err)
	}
	for _, cluster := range config.Clusters {
		return cluster.Server, nil
	}
	return "", fmt.Errorf("%s names no cluster", path)
}

// toLoopback points every kubeconfig that kubeadm wrote at the API server's place on this host. The certificate
// is still checked against the address of the machine.
func toLoopback(folder string, port int) error {
	files, err := filepath.Glob(filepath.Join(folder, "*.conf"))
	if err != nil {
		return fmt.Errorf("listing kubeadm's kubeconfig files: %w", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read the kubeconfig of kubeadm: %w", err)
		}
		local, err := Loopback(content, port)
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
		if err := os.WriteFile(file, local, 0o600); err != nil {
			return fmt.Errorf("pointing %s at loopback: %w", filepath.Base(file), err)
		}
	}
	return nil
}

// Loopback returns the kubeconfig with its server moved to a loopback port; the certificate is still checked
// against the server's own name, as with a Session Manager tunnel.
func Loopback(kubeconfig []byte, port int) ([]byte, error) {
	config, err := clientcmd.Load(kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	for _, cluster := range config.Clusters {
		server, err := url.Parse(cluster.Server)
		if err != nil {
			return nil, fmt.Errorf("reading the server's address: %w", err)
		}
		cluster.TLSServerName = server.Hostname()
		cluster.Server = "https://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	}
	return clientcmd.Write(*config)
}

// restConfig reads a kubeconfig file that points at this host already.
func restConfig(path string) (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", filepath.Base(path), err)
	}
	return Unthrottled(config), nil
}

// Unthrottled lifts the client's own limit of a few requests a second: the API server on the other side is ours alone.
func Unthrottled(config *rest.Config) *rest.Config {
	config.QPS, config.Burst = 500, 1000
	return config
}
