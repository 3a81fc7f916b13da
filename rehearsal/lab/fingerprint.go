package lab

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// configured are what the boot scripts and kubeadm leave on a machine's root disk.
var configured = []string{
	"/etc/apt", "/etc/cni", "/etc/containerd", "/etc/crictl.yaml", "/etc/default/kubelet", "/etc/fstab", "/etc/kubeadm", "/etc/kubernetes",
	"/etc/modules-load.d", "/etc/sysctl.d", "/etc/systemd/system", "/usr/local/lib/kubeadm-bootstrap", "/var/lib/kubeadm-bootstrap",
	"/var/lib/kubelet/config.yaml", "/var/lib/kubelet/kubeadm-flags.env",
}

// fingerprint is a machine's state: each file by its content.
type fingerprint map[string]string

// fingerprint reads the machine's root disk.
func (m *Machine) fingerprint() (fingerprint, error) {
	found := fingerprint{}
	for _, top := range configured {
		err := filepath.WalkDir(filepath.Join(m.Root, top), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			name := strings.TrimPrefix(path, m.Root)
			if entry.Type()&fs.ModeSymlink != 0 {
				found[name], err = os.Readlink(path)
				return err
			}
			text, err := os.ReadFile(path)
			found[name] = fmt.Sprintf("%x", sha256.Sum256(text))
			return err
		})
		if err != nil && !os.IsNotExist(err) {
			return nil, fmt.Errorf("reading the root disk of %s: %w", m.aws.Name, err)
		}
	}
	return found, nil
}

// issued are files with keys or certificates, or the identifier of a disk: two machines never have the same.
func issued(name string) bool {
	return name == "/etc/fstab" || strings.HasPrefix(name, "/etc/kubernetes/") && !strings.HasPrefix(name, "/etc/kubernetes/manifests/") || strings.HasPrefix(name, "/etc/apt/keyrings/")
}

// kinds leaves of a fingerprint what two machines with the same user data have in common: what is issued is there, with
// whatever content.
func (f fingerprint) kinds() fingerprint {
	common := maps.Clone(f)
	for name := range common {
		if issued(name) {
			common[name] = "issued"
		}
	}
	return common
}

// differences lists what is not the same, by name.
func (f fingerprint) differences(other fingerprint) []string {
	var found []string
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if value, ok := other[name]; !ok {
			found = append(found, name+" has gone")
		} else if value != f[name] {
			found = append(found, name+" has changed")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(other)) {
		if _, ok := f[name]; !ok {
			found = append(found, name+" is new")
		}
	}
	return found
}

// objects are the identities of what stands in the API server and should outlive every restart, and the contents of what
// nobody should rewrite.
func objects(ctx context.Context, client kubernetes.Interface) (fingerprint, error) {
	found := fingerprint{}
	namespaces, err := client.CoreV1().Namespaces().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, o := range namespaces.Items {
		found["namespace "+o.Name] = string(o.UID)
	}
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, o := range nodes.Items {
		found["node "+o.Name] = fmt.Sprint(o.UID, o.Labels, o.Spec.Taints)
	}
	accounts, err := client.CoreV1().ServiceAccounts("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, o := range accounts.Items {
		found["service account "+o.Namespace+"/"+o.Name] = string(o.UID)
	}
	bindings, err := client.RbacV1().ClusterRoleBindings().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, o := range bindings.Items {
		found["binding "+o.Name] = fmt.Sprint(o.UID, o.ResourceVersion)
	}
	configs, err := client.CoreV1().ConfigMaps("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, o := range configs.Items {
		found["configuration "+o.Namespace+"/"+o.Name] = fmt.Sprint(o.UID, o.Data)
	}
	return found, nil
}
