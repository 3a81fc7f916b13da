package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/rehearsal/lab/deb"
	"github.com/growbin/cluster/rehearsal/lab/rootfs"
	"github.com/growbin/cluster/rehearsal/tools"
)

// Names of the key and the repositories on the package mirror.
const (
	keyFile                 = "key.asc"
	kubernetesRepository    = "kubernetes"
	wrongVersionsRepository = "kubernetes-wrong-versions"
	containerdRepository    = "containerd"
)

// publishPackages builds the packages that a node installs, and their repositories.
func (l *Lab) publishPackages() error {
	key, err := deb.NewKey("Boot lab")
	if err != nil {
		return err
	}
	public, err := key.Public()
	if err != nil {
		return err
	}
	l.aptKey = key.Fingerprint()
	mirror := l.path("apt")
	if err := os.MkdirAll(mirror, 0o755); err != nil {
		return fmt.Errorf("creating the package mirror: %w", err)
	}
	if err := os.WriteFile(filepath.Join(mirror, keyFile), public, 0o644); err != nil {
		return fmt.Errorf("writing the mirror's key: %w", err)
	}
	described, err := l.kubernetesPackages()
	if err != nil {
		return err
	}
	kubernetes, err := l.buildPackages(described...)
	if err != nil {
		return err
	}
	containerd, err := l.containerdPackage()
	if err != nil {
		return err
	}
	containerdFiles, err := l.buildPackages(containerd)
	if err != nil {
		return err
	}
	kubelet := described[0]
	wrong, err := l.buildPackages(&deb.Package{Name: kubelet.Name, Version: kubelet.Version + "+other", Description: "Node agent of another version"})
	if err != nil {
		return err
	}
	if err := (&deb.Repository{Directory: filepath.Join(mirror, kubernetesRepository)}).Publish(key, kubernetes...); err != nil {
		return err
	}
	// Older, so that apt takes the right index once the mirror serves it again.
	if err := (&deb.Repository{Directory: filepath.Join(mirror, wrongVersionsRepository), Age: time.Hour}).Publish(key, append(wrong, kubernetes[1:]...)...); err != nil {
		return err
	}
	return (&deb.Repository{Directory: filepath.Join(mirror, containerdRepository), Suite: suite, Component: "stable"}).Publish(key, containerdFiles...)
}

// buildPackages returns the packages' files.
func (l *Lab) buildPackages(packages ...*deb.Package) ([]string, error) {
	directory := l.path("packages")
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return nil, fmt.Errorf("building packages: %w", err)
	}
	var files []string
	for _, p := range packages {
		file, err := p.Build(directory)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// kubernetesPackages are those of pkgs.k8s.io, kubelet first.
func (l *Lab) kubernetesPackages() ([]*deb.Package, error) {
	crictlVersion, err := l.version(tools.Crictl())
	if err != nil {
		return nil, err
	}
	plugins, err := programsBelow(filepath.Join(l.base, "usr/lib/cni"), "/opt/cni/bin")
	if err != nil {
		return nil, err
	}
	version := l.settings.KubernetesVersion + "-" + kubeadm.DefaultPackageRevision
	return []*deb.Package{
		{
			Name: "kubelet", Version: version, Description: "Node agent",
			Depends: []string{"iptables (>= 1.4.21)", "kubernetes-cni (>= 1.2.0)", "iproute2", "mount", "util-linux"},
			Files: []rootfs.File{
				rootfs.Program("/usr/bin/kubelet", l.programs["kubelet"]),
				{Path: "/usr/lib/systemd/system/kubelet.service", Content: kubeletUnit},
				{Path: "/etc/default/kubelet", Content: "KUBELET_EXTRA_ARGS=\n"},
			},
			Conffiles: []string{"/etc/default/kubelet"},
		},
		{
			Name: "kubeadm", Version: version, Description: "Cluster bootstrap", Depends: []string{"cri-tools (>= 1.30.0)"},
			Files: append(kubeadmWrapper(l.programs["kubeadm"]), rootfs.File{Path: "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf", Content: kubeletDropIn}),
		},
		{Name: "kubectl", Version: version, Description: "Client", Files: []rootfs.File{rootfs.Program("/usr/bin/kubectl", l.programs["kubectl"])}},
		{
			Name: "cri-tools", Version: crictlVersion + "-1.1", Description: "Client of container runtimes",
			Files: []rootfs.File{rootfs.Program("/usr/bin/crictl", l.programs["crictl"])},
		},
		{Name: "kubernetes-cni", Version: "1.7.1-1.1", Description: "Network plugins, Debian's", Files: plugins},
	}, nil
}

// containerdPackage is that of download.docker.com.
func (l *Lab) containerdPackage() (*deb.Package, error) {
	version, err := l.version(tools.Containerd())
	if err != nil {
		return nil, err
	}
	replaced := []string{"containerd", "runc"}
	return &deb.Package{
		Name: "containerd.io", Version: version + "-1~debian.12~" + suite, Description: "Container runtime",
		Depends: []string{"libc6 (>= 2.34)", "libseccomp2 (>= 2.5.0)"}, Conflicts: replaced, Provides: replaced, Replaces: replaced,
		Files: []rootfs.File{
			rootfs.Program("/usr/bin/containerd", l.programs["containerd"]),
			rootfs.Program("/usr/bin/ctr", l.programs["ctr"]),
			rootfs.Program("/usr/bin/containerd-shim-runc-v2", l.programs["containerd-shim-runc-v2"]),
			rootfs.Program("/usr/bin/runc", filepath.Join(l.base, "usr/sbin/runc")),
			{Path: "/usr/lib/systemd/system/containerd.service", Content: containerdUnit},
			{Path: "/etc/containerd/config.toml", Content: containerdConfig},
		},
		Conffiles: []string{"/etc/containerd/config.toml"},
	}, nil
}

// version returns the version that a tool module requires, without the leading v.
func (l *Lab) version(tool tools.Tool) (string, error) {
	builder, err := l.builder()
	if err != nil {
		return "", err
	}
	version, err := builder.Version(tool)
	return strings.TrimPrefix(version, "v"), err
}

// programsBelow returns the programs in a directory as files of another one.
func programsBelow(directory, target string) ([]rootfs.File, error) {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", directory, err)
	}
	var files []rootfs.File
	for _, entry := range entries {
		if entry.Type().IsRegular() {
			files = append(files, rootfs.Program(target+"/"+entry.Name(), filepath.Join(directory, entry.Name())))
		}
	}
	return files, nil
}
