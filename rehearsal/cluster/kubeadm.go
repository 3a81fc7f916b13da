package cluster

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// Where the machine keeps its kubeadm configuration, and where its version for this host goes.
const (
	configPath     = "/etc/kubeadm/kubeadm.yaml"
	hostConfigPath = "/etc/kubeadm/kubeadm-on-this-host.yaml"
)

// kubeadm runs kubeadm and returns its standard output.
func (c *Cluster) kubeadm(ctx context.Context, args ...string) ([]byte, error) {
	return runKubeadm(ctx, c.config.Binaries["kubeadm"], c.layout, args...)
}

func runKubeadm(ctx context.Context, binary string, l layout, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, binary, args...)
	command.Env = append(environment(l, nil), "KUBEADM_INIT_DRYRUN_DIR="+l.manifests())
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("kubeadm %s: %w\n%s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.Bytes(), nil
}

// phases are the parts of `kubeadm init` that come before the control plane runs. Static pods are written as in a
// dry run, because only that leaves the host's /etc/kubernetes alone.
func (c *Cluster) phases() [][]string {
	host, conf := c.layout.host(hostConfigPath), c.layout.host(kubernetesDir)
	return [][]string{
		{"config", "validate", "--config", c.layout.host(configPath)},
		{"init", "phase", "certs", "all", "--config", host},
		{"init", "phase", "kubeconfig", "all", "--config", host, "--kubeconfig-dir", conf},
		{"init", "phase", "control-plane", "all", "--config", host, "--dry-run"},
		{"init", "phase", "etcd", "local", "--config", host, "--dry-run"},
	}
}
