package tools

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// kubernetesFolder holds one module per Kubernetes minor version, named v1.36 and so on.
const kubernetesFolder = "kubernetes"

// ControlPlane lists the tools of the control plane of a Kubernetes version ("1.36", "1.36.3" or "v1.36.3"). If no tool
// module pins the minor version, the error lists those that are pinned.
func (b *Builder) ControlPlane(version string) ([]Tool, error) {
	minor, err := b.kubernetesMinor(version)
	if err != nil {
		return nil, err
	}
	tools := []Tool{Etcd()}
	for _, name := range []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubeadm"} {
		tools = append(tools, kubernetesTool(name, minor))
	}
	return append(tools, Etcdctl(), Etcdutl(), Kwok()), nil
}

// BuildControlPlane builds the tools of a control plane.
func (b *Builder) BuildControlPlane(ctx context.Context, version string) (Binaries, error) {
	list, err := b.ControlPlane(version)
	if err != nil {
		return nil, err
	}
	return b.Build(ctx, list...)
}

// KubernetesTool is one program of Kubernetes, e.g. "kubectl", of the given version.
func (b *Builder) KubernetesTool(name, version string) (Tool, error) {
	minor, err := b.kubernetesMinor(version)
	if err != nil {
		return Tool{}, err
	}
	return kubernetesTool(name, minor), nil
}

// Kubectl builds kubectl of a version, and returns its path.
func (b *Builder) Kubectl(ctx context.Context, version string) (string, error) {
	tool, err := b.KubernetesTool("kubectl", version)
	if err != nil {
		return "", err
	}
	built, err := b.Build(ctx, tool)
	return built[tool.Name], err
}

func (b *Builder) kubernetesMinor(version string) (string, error) {
	parts := strings.Split(strings.TrimPrefix(version, "v"), ".")
	if len(parts) < 2 || parts[0] == "" || parts[1] == "" {
		return "", fmt.Errorf("version %q of Kubernetes: must be e.g. 1.36 or 1.36.3", version)
	}
	minor := parts[0] + "." + parts[1]
	_, err := os.Stat(filepath.Join(b.tools, kubernetesFolder, "v"+minor, "go.mod"))
	if errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("cannot rehearse Kubernetes %s: %s pins %s", minor, filepath.Join(b.tools, kubernetesFolder), b.knownMinors())
	}
	if err != nil {
		return "", fmt.Errorf("find the tools of Kubernetes %s: %w", minor, err)
	}
	return minor, nil
}

// knownMinors lists the pinned minor versions for an error message.
func (b *Builder) knownMinors() string {
	found, _ := filepath.Glob(filepath.Join(b.tools, kubernetesFolder, "v*", "go.mod")) // the pattern is constant, so it cannot be bad
	if len(found) == 0 {
		return "no version at all"
	}
	for i, file := range found {
		found[i] = strings.TrimPrefix(filepath.Base(filepath.Dir(file)), "v")
	}
	return strings.Join(found, ", ")
}

// Node lists the tools of a node and its images, for a version as in ControlPlane.
func (b *Builder) Node(version string) ([]Tool, error) {
	minor, err := b.kubernetesMinor(version)
	if err != nil {
		return nil, err
	}
	tools := []Tool{Containerd(), Ctr(), ContainerdShim(), Crictl(), CoreDNS(), Etcd(), Etcdctl(), Etcdutl()}
	for _, name := range []string{"kubelet", "kubeadm", "kubectl", "kube-proxy", "kube-apiserver", "kube-controller-manager", "kube-scheduler"} {
		tools = append(tools, kubernetesTool(name, minor))
	}
	return tools, nil
}
