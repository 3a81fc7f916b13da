package lab

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/growbin/cluster/rehearsal/lab/archive"
)

// Override is something that a lab host has and a machine on EC2 does not, or the other way round. The user data is the
// same on both; this list is all that the lab changes around it.
type Override struct {
	What, Why string
	Files     []archive.File
}

// seedFolder is where cloud-init looks for a machine's data.
const seedFolder = "/var/lib/cloud/seed/nocloud"

// hardware is what hosts differ by.
type hardware struct {
	instanceID string
	// userData is what EC2 would hand over: gzipped.
	userData []byte
	// device is the data disk, empty without one; pods is the range of its pods' addresses.
	device, pods string
}

// overrides are those of one host.
func overrides(h hardware) []Override {
	return []Override{
		{
			What: "cloud-init finds its user data in a folder, not in the metadata service, and changes neither network nor locale",
			Why:  "it believes to be on EC2 only where the firmware says so, which a container has none of; the boot scripts do use the metadata service",
			Files: []archive.File{
				{Path: "/etc/cloud/cloud.cfg.d/99-lab.cfg", Content: "datasource_list: [NoCloud]\nnetwork: {config: disabled}\nlocale: C.UTF-8\n"},
				{Path: "/etc/default/locale", Content: "LANG=C.UTF-8\n"},
				{Path: seedFolder + "/meta-data", Content: "instance-id: " + h.instanceID + "\n"},
				{Path: seedFolder + "/user-data", Content: string(h.userData)},
			},
		},
		{
			What:  "apt has no sources beside those of the user data",
			Why:   "there is no way out of the lab, and the image holds what Ubuntu's packages would add",
			Files: []archive.File{{Path: "/etc/apt/sources.list", Content: "# none in the lab\n"}},
		},
		{
			What:  "the name server answers nothing",
			Why:   "there is none in the lab: every source has an address",
			Files: []archive.File{{Path: "/etc/resolv.conf", Content: "nameserver " + gatewayAddress + "\n"}},
		},
		{
			What: "the registry may be spoken to without TLS",
			Why:  "it is the lab's own; on EC2 it is registry.k8s.io",
			Files: []archive.File{{Path: "/etc/containerd/certs.d/" + registryAddress + "/hosts.toml",
				Content: "server = \"http://" + registryAddress + "\"\n"}},
		},
		{
			What: "containerd gives no container a lower OOM score than its own",
			Why:  "this machine lacks CAP_SYS_RESOURCE, without which the kernel refuses that",
			Files: []archive.File{
				{Path: "/etc/lab/containerd.toml", Content: "version = 3\nimports = ['/etc/containerd/config.toml']\n\n[plugins.'io.containerd.cri.v1.runtime']\n  restrict_oom_score_adj = true\n"},
				{Path: "/etc/systemd/system/containerd.service.d/lab.conf", Content: "[Service]\nExecStart=\nExecStart=/usr/bin/containerd --config /etc/lab/containerd.toml\n"},
			},
		},
		{
			What: "kubelet starts with control groups of version 1, and so does kubeadm",
			Why:  "this machine's controllers are of version 1; Ubuntu 24.04 has version 2 alone",
			Files: []archive.File{
				{Path: "/etc/lab/kubelet.conf.d/10-lab.conf", Content: "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nfailCgroupV1: false\n"},
				{Path: "/etc/default/kubelet", Content: "KUBELET_EXTRA_ARGS=--config-dir=/etc/lab/kubelet.conf.d\n"},
			},
		},
		{
			What: "kubelet does not mind how full the disk is",
			Why:  "a host's root disk is a folder on this machine's disk, which others fill",
			Files: []archive.File{{Path: "/etc/lab/kubelet.conf.d/20-disk.conf", Content: "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n" +
				"evictionHard: {nodefs.available: 0%, nodefs.inodesFree: 0%, imagefs.available: 0%, imagefs.inodesFree: 0%}\nimageGCHighThresholdPercent: 100\n"}},
		},
		{
			What: "control groups and kernel settings can be written to",
			Why:  "systemd-nspawn mounts them read-only; the host has a namespace of its own in the former, and the lab puts back the latter",
			Files: service("lab-host", "DefaultDependencies=no\nBefore=sysinit.target systemd-sysctl.service", "sysinit.target",
				`mount -o remount,rw,bind /proc/sys && mount -o remount,rw,bind /sys/fs/cgroup && for group in /sys/fs/cgroup/*/; do mount -o remount,rw,bind "$group" || true; done`),
		},
		{
			What:  "/dev/kmsg is the console",
			Why:   "kubelet reads it; a container has none",
			Files: []archive.File{{Path: "/etc/tmpfiles.d/lab.conf", Content: "L /dev/kmsg - - - - /dev/console\n"}},
		},
		{
			What: "lsblk lists the lab's disks",
			Why:  "in a container it lists the disks of the machine around it",
			Files: []archive.File{{Path: "/usr/local/bin/lsblk", Mode: 0o755, Content: fmt.Sprintf(
				"#!/bin/sh\ncase \"$*\" in\n*PKNAME*) echo labroot ;;\n*) printf '/dev/labroot disk\\n' ; [ -z '%[1]s' ] || echo '%[1]s disk' ;;\nesac\n", h.device)}},
		},
		{
			What: "the data disk is mounted by a unit of the lab's at a later boot",
			Why:  "in a container systemd leaves devices in fstab alone",
			Files: service("lab-data-disk", "Before=kubelet.service kubeadm-bootstrap.service", "multi-user.target",
				`! grep -q '^UUID=' /etc/fstab || mount -a -t ext4`),
		},
		{
			What: "pods get their network from Debian's bridge plugin",
			Why:  "Calico's images cannot be had here; pods on different nodes do not reach each other",
			Files: []archive.File{{Path: "/etc/cni/net.d/10-lab.conflist", Content: `{
  "cniVersion": "1.0.0", "name": "lab",
  "plugins": [
    {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
     "ipam": {"type": "host-local", "ranges": [[{"subnet": "` + h.pods + `"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
`}},
		},
	}
}

// kubeadmWrapper are the files of a kubeadm that passes over one of its own checks.
// Its place is in the package: the boot scripts call kubeadm as they do on EC2.
func kubeadmWrapper(program string) []archive.File {
	return []archive.File{
		archive.Program("/usr/libexec/kubeadm", program),
		{Path: "/usr/bin/kubeadm", Mode: 0o755, Content: `#!/bin/sh
# Lab: SystemVerification refuses control groups of version 1 and kernels without /proc/config.gz.
case $1 in
  init | join) exec /usr/libexec/kubeadm "$@" --ignore-preflight-errors=SystemVerification ;;
  *) exec /usr/libexec/kubeadm "$@" ;;
esac
`},
	}
}

// elsewhere are differences that no file on the host makes.
var elsewhere = []Override{
	{What: "kubeadm passes over its check SystemVerification", Why: "it refuses control groups of version 1; the lab's kubeadm package does this"},
	{What: "kube-proxy leaves the size of the connection table alone", Why: "only a machine's first network namespace may set it; the lab's kube-proxy image does this"},
	{What: "Debian 12 instead of Ubuntu 24.04, in a container with this machine's kernel", Why: "it is what this kind of machine can fetch and boot"},
	{What: "packages and images are made here, from programs built from the pinned sources", Why: "the real ones cannot be fetched; units and dependencies follow them"},
	{What: "one broadcast domain without security groups", Why: "the rehearsal checks who may reach whom, with the model's rules"},
}

// service is a unit that runs one shell command at every boot, enabled.
func service(name, ordering, target, command string) []archive.File {
	return []archive.File{
		{Path: "/usr/local/lib/lab/" + name, Mode: 0o755, Content: "#!/bin/sh\n" + command + "\n"},
		{Path: "/etc/systemd/system/" + name + ".service", Content: fmt.Sprintf(
			"[Unit]\nDescription=Lab: %s\n%s\n\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/local/lib/lab/%s\n", name, ordering, name)},
		{Path: fmt.Sprintf("/etc/systemd/system/%s.wants/%s.service", target, name), Link: "/etc/systemd/system/" + name + ".service"},
	}
}

// apply writes an override's files onto a root disk.
func (o Override) apply(root string) error {
	for _, file := range o.Files {
		path := filepath.Join(root, file.Path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("lab override %q: %w", o.What, err)
		}
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("lab override %q: %w", o.What, err)
		}
		if file.Link != "" {
			if err := os.Symlink(file.Link, path); err != nil {
				return fmt.Errorf("lab override %q: %w", o.What, err)
			}
			continue
		}
		mode := file.Mode
		if mode == 0 {
			mode = 0o644
		}
		if err := os.WriteFile(path, []byte(file.Content), mode); err != nil {
			return fmt.Errorf("lab override %q: %w", o.What, err)
		}
	}
	return nil
}
