package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/rehearsal/lab/archive"
	"github.com/growbin/cluster/rehearsal/lab/deb"
)

// The units are those of the packages of pkgs.k8s.io and download.docker.com, without comments.
const (
	kubeletUnit = `[Unit]
Description=kubelet: The Kubernetes Node Agent
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=/usr/bin/kubelet
Restart=always
StartLimitInterval=0
RestartSec=10

[Install]
WantedBy=multi-user.target
`
	kubeletDropIn = `[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
`
	containerdUnit = `[Unit]
Description=containerd container runtime
After=network.target dbus.service local-fs.target

[Service]
ExecStart=/usr/bin/containerd
Type=notify
Delegate=yes
KillMode=process
Restart=always
RestartSec=5
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
OOMScoreAdjust=-999

[Install]
WantedBy=multi-user.target
`
	// The package's own configuration switches off what kubelet needs: the boot scripts must replace it.
	containerdConfig = "disabled_plugins = [\"cri\"]\n"
)

// publishPackages makes the two repositories that a node installs from, and the key of each.
func (l *Lab) publishPackages(base string) error {
	version := l.settings.KubernetesVersion + "-" + kubeadm.DefaultPackageRevision
	kubernetes := []*deb.Package{
		{Name: "kubelet", Version: version, Description: "Node agent", Depends: []string{"iptables (>= 1.4.21)", "kubernetes-cni (>= 1.2.0)", "iproute2", "mount", "util-linux"},
			Files: []archive.File{
				archive.Program("/usr/bin/kubelet", l.programs["kubelet"]),
				{Path: "/usr/lib/systemd/system/kubelet.service", Content: kubeletUnit},
				{Path: "/etc/default/kubelet", Content: "KUBELET_EXTRA_ARGS=\n"},
			}, Conffiles: []string{"/etc/default/kubelet"}},
		{Name: "kubeadm", Version: version, Description: "Cluster bootstrap", Depends: []string{"cri-tools (>= 1.30.0)"},
			Files: append(kubeadmWrapper(l.programs["kubeadm"]), archive.File{Path: "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf", Content: kubeletDropIn})},
		{Name: "kubectl", Version: version, Description: "Client", Files: []archive.File{archive.Program("/usr/bin/kubectl", l.programs["kubectl"])}},
		{Name: "cri-tools", Version: "1.37.0-1.1", Description: "Client of container runtimes", Files: []archive.File{archive.Program("/usr/bin/crictl", l.programs["crictl"])}},
	}
	plugins, err := filesBelow(filepath.Join(base, "usr/lib/cni"), "/opt/cni/bin")
	if err != nil {
		return err
	}
	kubernetes = append(kubernetes, &deb.Package{Name: "kubernetes-cni", Version: "1.7.1-1.1", Description: "Network plugins, Debian's", Files: plugins})
	containerd := &deb.Package{
		Name: "containerd.io", Version: l.containerdVersion + "-1~debian.12~" + suite, Description: "Container runtime",
		Depends: []string{"libc6 (>= 2.34)", "libseccomp2 (>= 2.5.0)"}, Conflicts: []string{"containerd", "runc"}, Provides: []string{"containerd", "runc"}, Replaces: []string{"containerd", "runc"},
		Files: []archive.File{
			archive.Program("/usr/bin/containerd", l.programs["containerd"]),
			archive.Program("/usr/bin/ctr", l.programs["ctr"]),
			archive.Program("/usr/bin/containerd-shim-runc-v2", l.programs["containerd-shim-runc-v2"]),
			archive.Program("/usr/bin/runc", filepath.Join(base, "usr/sbin/runc")),
			{Path: "/usr/lib/systemd/system/containerd.service", Content: containerdUnit},
			{Path: "/etc/containerd/config.toml", Content: containerdConfig},
		},
		Conffiles: []string{"/etc/containerd/config.toml"},
	}
	key, err := deb.NewKey("Boot lab")
	if err != nil {
		return err
	}
	public, err := key.Public()
	if err != nil {
		return err
	}
	top := l.path("apt")
	if err := os.MkdirAll(top, 0o755); err != nil {
		return fmt.Errorf("making the package mirror: %w", err)
	}
	if err := os.WriteFile(filepath.Join(top, keyFile), public, 0o644); err != nil {
		return fmt.Errorf("writing the mirror's key: %w", err)
	}
	if err := (&deb.Repository{Folder: filepath.Join(top, kubernetesFolder)}).Publish(key, kubernetes...); err != nil {
		return err
	}
	// What the mirror looked like an hour ago, when it had another kubelet only.
	others := slices.Clone(kubernetes)
	others[0] = &deb.Package{Name: "kubelet", Version: version + "+other", Description: "Node agent of another version"}
	if err := (&deb.Repository{Folder: filepath.Join(top, otherFolder), Age: time.Hour}).Publish(key, others...); err != nil {
		return err
	}
	return (&deb.Repository{Folder: filepath.Join(top, containerdFolder), Suite: suite, Component: "stable"}).Publish(key, containerd)
}

// What the package mirror serves.
const (
	keyFile          = "key.asc"
	kubernetesFolder = "kubernetes"
	otherFolder      = "kubernetes-other"
	containerdFolder = "containerd"
)

// filesBelow lists a folder's programs for an archive, below another path.
func filesBelow(folder, below string) ([]archive.File, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", folder, err)
	}
	var files []archive.File
	for _, entry := range entries {
		if entry.Type().IsRegular() {
			files = append(files, archive.Program(below+"/"+entry.Name(), filepath.Join(folder, entry.Name())))
		}
	}
	return files, nil
}

// pinnedContainerd is the version of containerd that the tool module pins, without the leading v.
func pinnedContainerd(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, "rehearsal/tools/containerd/go.mod"))
	if err != nil {
		return "", fmt.Errorf("reading which containerd is pinned: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(fields) >= 2 && fields[0] == "github.com/containerd/containerd/v2" {
			return strings.TrimPrefix(fields[1], "v"), nil
		}
	}
	return "", fmt.Errorf("rehearsal/tools/containerd/go.mod pins no containerd")
}
