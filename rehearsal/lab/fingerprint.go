package lab

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// configurationPaths are written on a root disk by the boot scripts, kubeadm and the packages.
var configurationPaths = []string{
	"/etc/apt", "/etc/cni", "/etc/containerd", "/etc/crictl.yaml", "/etc/default/kubelet", "/etc/fstab", "/etc/kubeadm", "/etc/kubernetes",
	"/etc/modules-load.d", "/etc/sysctl.d", "/etc/systemd/system", "/usr/local/lib/kubeadm-bootstrap", "/var/lib/kubeadm-bootstrap",
	"/var/lib/kubelet/config.yaml", "/var/lib/kubelet/kubeadm-flags.env",
}

// fingerprint holds a state to compare: contents, hashes or identities by name.
type fingerprint map[string]string

// fingerprint hashes the configuration files of the root disk.
func (i *instance) fingerprint() (fingerprint, error) {
	files := fingerprint{}
	for _, top := range configurationPaths {
		err := filepath.WalkDir(filepath.Join(i.Root, top), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			name := strings.TrimPrefix(path, i.Root)
			if entry.Type()&fs.ModeSymlink != 0 {
				files[name], err = os.Readlink(path)
				return err
			}
			text, err := os.ReadFile(path)
			files[name] = fmt.Sprintf("%x", sha256.Sum256(text))
			return err
		})
		if err != nil && !os.IsNotExist(err) {
			return nil, fmt.Errorf("reading the root disk of %s: %w", i.ec2.Name, err)
		}
	}
	return files, nil
}

// unique reports whether a file holds keys, certificates, or the identifier of a disk or an instance, which no two instances share.
func unique(name string) bool {
	return name == "/etc/fstab" || name == "/etc/default/kubelet" || strings.HasPrefix(name, "/etc/kubernetes/") && !strings.HasPrefix(name, "/etc/kubernetes/manifests/") || strings.HasPrefix(name, "/etc/apt/keyrings/")
}

// withoutUnique returns the fingerprint without the contents of unique files, to compare instances with the same user data.
func (f fingerprint) withoutUnique() fingerprint {
	common := maps.Clone(f)
	for name := range common {
		if unique(name) {
			common[name] = "unique"
		}
	}
	return common
}

// Suffixes of the differences.
const (
	removed = " was removed"
	changed = " was changed"
	added   = " was added"
)

// differences lists the names at which a later fingerprint differs.
func (f fingerprint) differences(later fingerprint) []string {
	var found []string
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if value, ok := later[name]; !ok {
			found = append(found, name+removed)
		} else if value != f[name] {
			found = append(found, name+changed)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(later)) {
		if _, ok := f[name]; !ok {
			found = append(found, name+added)
		}
	}
	return found
}
