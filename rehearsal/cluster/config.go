package cluster

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
)

// Config configures a control plane.
type Config struct {
	// Binaries maps each program's name (etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubeadm,
	// kwok) to its path.
	Binaries map[string]string
	// Kubeadm is the kubeadm configuration as the machine was given it.
	Kubeadm []byte
	// Files are the machine's other files by their absolute path there: patches, policies and others that the
	// kubeadm configuration refers to.
	Files map[string][]byte
	// VolumeDir stands for the data volume: it holds certificate authorities and etcd's data. The same folder restores
	// the same cluster.
	VolumeDir string
	// RunDir stands for the root disk, and holds the logs. It is emptied at each start.
	RunDir string
	// APIPort is the API server's port on loopback; 0 takes a free one.
	APIPort int
	// Log, if non-nil, is called after each step.
	Log func(format string, args ...any)
}

// programs are those of a control plane.
var programs = []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubeadm", "kwok"}

func (c *Config) validate() error {
	var problems []error
	for _, name := range programs {
		if c.Binaries[name] == "" {
			problems = append(problems, fmt.Errorf("no program for %s was given", name))
		}
	}
	for name, dir := range map[string]string{"VolumeDir": c.VolumeDir, "RunDir": c.RunDir} {
		if !filepath.IsAbs(dir) {
			problems = append(problems, fmt.Errorf("%s is %q; it must be an absolute path", name, dir))
		}
	}
	if c.APIPort != 0 {
		problems = append(problems, portIsFree(c.APIPort))
	}
	return errors.Join(problems...)
}

// layout names the places in the two folders.
type layout struct {
	volume, run string
	// state is the machine's directory that volume stands for; empty if its certificates have the default place.
	state string
}

func (l layout) pki() string       { return filepath.Join(l.volume, "pki") }
func (l layout) etcd() string      { return filepath.Join(l.volume, "etcd") }
func (l layout) manifests() string { return filepath.Join(l.run, "manifests") }
func (l layout) logs() string      { return filepath.Join(l.run, "logs") }

// host is where an absolute path of the machine lies on this host.
func (l layout) host(path string) string { return filepath.Join(l.run, "root", path) }

// kubeconfig is where kubeadm's kubeconfig of that name lies, for example admin.conf.
func (l layout) kubeconfig(name string) string {
	return filepath.Join(l.host(kubernetesDir), name)
}

// prepare empties the run folder and makes all others.
func (l layout) prepare() error {
	if err := os.RemoveAll(l.run); err != nil {
		return fmt.Errorf("emptying %s: %w", l.run, err)
	}
	// kubeadm and etcd insist on a private data folder; the rest holds keys too.
	for _, dir := range []string{l.pki(), l.etcd(), l.manifests(), l.logs(), l.host(kubernetesDir)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("making the control plane's folders: %w", err)
		}
	}
	return nil
}

// write puts a file of the machine in its place.
func (l layout) write(path string, content []byte) error {
	target := l.host(path)
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return fmt.Errorf("making the folder of %s: %w", path, err)
	}
	if err := os.WriteFile(target, content, 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

func portIsFree(port int) error {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return fmt.Errorf("the API server's port %d is not free: %w", port, err)
	}
	return listener.Close()
}
