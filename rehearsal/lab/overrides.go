package lab

import (
	"fmt"

	"github.com/growbin/cluster/rehearsal/lab/rootfs"
)

// Override is a difference between a lab host and an EC2 instance. The user data is the same on both; the lab changes
// nothing else around it than this list.
type Override struct {
	// Difference and Reason are printed at the end of a run.
	Difference, Reason string
	// Files make the difference on a host's root disk.
	Files []rootfs.File
}

// seedDirectory is where cloud-init's data source NoCloud reads its data.
const seedDirectory = "/var/lib/cloud/seed/nocloud"

// hardware holds the properties in which hosts differ.
type hardware struct {
	instanceID string
	// userData is gzipped, as EC2 stores it.
	userData []byte
	// dataDevice is the path of the data disk, or empty.
	dataDevice string
	// podRange is the address range of the host's pods.
	podRange string
	// podNetwork, if not empty, is the range of all hosts' pods, between which the network has routes.
	podNetwork string
}

// overrides returns those of one host.
func overrides(h hardware) []Override {
	return []Override{
		{
			Difference: "cloud-init reads its user data from a directory instead of the metadata service, and configures neither network nor locale",
			Reason:     "it detects EC2 by the firmware, which a container does not have; the boot scripts do use the metadata service",
			Files: []rootfs.File{
				{Path: "/etc/cloud/cloud.cfg.d/99-lab.cfg", Content: "datasource_list: [NoCloud]\nnetwork: {config: disabled}\nlocale: C.UTF-8\n"},
				{Path: "/etc/default/locale", Content: "LANG=C.UTF-8\n"},
				{Path: seedDirectory + "/meta-data", Content: "instance-id: " + h.instanceID + "\n"},
				{Path: seedDirectory + "/user-data", Content: string(h.userData)},
			},
		},
		{
			Difference: "apt has no other sources than those of the user data, and keeps no archives",
			Reason:     "the lab has no route to the internet, the base system has the packages that Ubuntu would provide, and nine hosts share one disk",
			Files: []rootfs.File{
				{Path: "/etc/apt/sources.list", Content: "# none in the lab\n"},
				{Path: "/etc/apt/apt.conf.d/90lab", Content: "Binary::apt-get::APT::Keep-Downloaded-Packages \"false\";\nAPT::Keep-Downloaded-Packages \"false\";\n"},
			},
		},
		{
			Difference: "unattended-upgrades is not installed, only its configuration of logind",
			Reason:     "the package needs others that the lab does not have; the file is the one that Ubuntu 24.04 installs",
			Files: []rootfs.File{{Path: "/usr/lib/systemd/logind.conf.d/unattended-upgrades-logind-maxdelay.conf",
				Content: "[Login]\nInhibitDelayMaxSec=30\n"}},
		},
		{
			Difference: "the name server does not respond",
			Reason:     "the lab has none: every source is given by address",
			Files:      []rootfs.File{{Path: "/etc/resolv.conf", Content: "nameserver " + gatewayAddress + "\n"}},
		},
		{
			Difference: "containerd does not lower the OOM score of containers below its own, and keeps no archives of images",
			Reason:     "the kernel requires CAP_SYS_RESOURCE for the first, which this machine lacks; nine hosts share its disk",
			Files: []rootfs.File{
				{Path: "/etc/lab/containerd.toml", Content: "version = 3\nimports = ['/etc/containerd/config.toml']\n\n[plugins.'io.containerd.cri.v1.runtime']\n  restrict_oom_score_adj = true\n\n[plugins.'io.containerd.cri.v1.images']\n  discard_unpacked_layers = true\n"},
				{Path: "/etc/systemd/system/containerd.service.d/lab.conf", Content: "[Service]\nExecStart=\nExecStart=/usr/bin/containerd --config /etc/lab/containerd.toml\n"},
			},
		},
		{
			Difference: "kubelet accepts cgroup v1",
			Reason:     "this machine has cgroup v1; Ubuntu 24.04 has cgroup v2 only",
			Files: []rootfs.File{
				{Path: "/etc/lab/kubelet.conf.d/10-lab.conf", Content: "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nfailCgroupV1: false\n"},
				{Path: "/etc/systemd/system/kubelet.service.d/lab.conf", Content: "[Service]\nEnvironment=\"KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml --config-dir=/etc/lab/kubelet.conf.d\"\n"},
			},
		},
		{
			Difference: "kubelet does not evict pods when the disk is full",
			Reason:     "a host's root disk is a directory on this machine's disk, which other processes fill",
			Files: []rootfs.File{{Path: "/etc/lab/kubelet.conf.d/20-disk.conf", Content: "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n" +
				"evictionHard: {nodefs.available: 0%, nodefs.inodesFree: 0%, imagefs.available: 0%, imagefs.inodesFree: 0%}\nimageGCHighThresholdPercent: 100\n"}},
		},
		{
			Difference: "cgroups and kernel settings are writable",
			Reason:     "systemd-nspawn mounts them read-only; the host has its own cgroup namespace, and the lab restores the kernel settings",
			Files: service("lab-host", "DefaultDependencies=no\nBefore=sysinit.target systemd-sysctl.service", "sysinit.target",
				`mount -o remount,rw,bind /proc/sys && mount -o remount,rw,bind /sys/fs/cgroup && for group in /sys/fs/cgroup/*/; do mount -o remount,rw,bind "$group" || true; done`),
		},
		{
			Difference: "/dev/kmsg is a link to the console",
			Reason:     "kubelet reads it, and a container does not have it",
			Files:      []rootfs.File{{Path: "/etc/tmpfiles.d/lab.conf", Content: "L /dev/kmsg - - - - /dev/console\n"}},
		},
		{
			Difference: "lsblk is a script that lists the lab's disks",
			Reason:     "in a container it would list the disks of this machine",
			Files: []rootfs.File{{Path: "/usr/local/bin/lsblk", Mode: 0o755, Content: fmt.Sprintf(
				"#!/bin/sh\ncase \"$*\" in\n*PKNAME*) echo labroot ;;\n*) printf '/dev/labroot disk\\n' ; [ -z '%[1]s' ] || echo '%[1]s disk' ;;\nesac\n", h.dataDevice)}},
		},
		{
			Difference: "after the first boot, the data disk is mounted by a unit of the lab",
			Reason:     "in a container, systemd ignores devices in fstab",
			Files: service("lab-data-disk", "Before=kubelet.service kubeadm-bootstrap.service", "multi-user.target",
				`! grep -q '^UUID=' /etc/fstab || mount -a -t ext4`),
		},
		{
			Difference: "every registry is the lab's own",
			Reason:     "no other can be reached",
			Files: []rootfs.File{{Path: "/etc/containerd/certs.d/_default/hosts.toml",
				Content: "[host.\"http://" + registryAddress + "\"]\ncapabilities = [\"pull\", \"resolve\"]\n"}},
		},
		podNetworkOverride(h),
	}
}

// kubeadmWrapper returns the files of a kubeadm that skips one of its preflight checks. It is part of the package, so that
// the boot scripts call kubeadm as on EC2.
func kubeadmWrapper(program string) []rootfs.File {
	return []rootfs.File{
		rootfs.Program("/usr/libexec/kubeadm", program),
		{Path: "/usr/bin/kubeadm", Mode: 0o755, Content: `#!/bin/sh
# Boot lab: SystemVerification fails with cgroup v1 and on kernels without /proc/config.gz.
case $1-$2 in
  *-phase) exec /usr/libexec/kubeadm "$@" ;; # has no preflight checks
  init-* | join-*) exec /usr/libexec/kubeadm "$@" --ignore-preflight-errors=SystemVerification ;;
  *) exec /usr/libexec/kubeadm "$@" ;;
esac
`},
	}
}

// globalOverrides are differences that no file on a host makes.
var globalOverrides = []Override{
	{Difference: "kubeadm skips its preflight check SystemVerification", Reason: "it fails with cgroup v1; the lab's kubeadm package skips it"},
	{Difference: "kube-proxy does not set the size of the connection table", Reason: "only a machine's first network namespace may; the lab's kube-proxy image changes its configuration"},
	{Difference: "the system is Debian 12 instead of Ubuntu 24.04, in a container with this machine's kernel", Reason: "it is the system that this kind of machine can fetch and boot"},
	{Difference: "packages and images are built by the lab from the pinned sources", Reason: "the published ones cannot be fetched here; units, dependencies and conffiles are theirs"},
	{Difference: "the network is one broadcast domain without security groups", Reason: "the rehearsal checks security groups with the simulated AWS"},
}

// service returns an enabled unit that runs a shell command at every boot.
func service(name, ordering, target, command string) []rootfs.File {
	return []rootfs.File{
		{Path: "/usr/local/lib/lab/" + name, Mode: 0o755, Content: "#!/bin/sh\n" + command + "\n"},
		{Path: "/etc/systemd/system/" + name + ".service", Content: fmt.Sprintf(
			"[Unit]\nDescription=Lab: %s\n%s\n\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/local/lib/lab/%s\n", name, ordering, name)},
		{Path: fmt.Sprintf("/etc/systemd/system/%s.wants/%s.service", target, name), Link: "/etc/systemd/system/" + name + ".service"},
	}
}

// apply writes the override's files onto a root disk.
func (o Override) apply(root string) error {
	if err := rootfs.Write(root, o.Files...); err != nil {
		return fmt.Errorf("override %q: %w", o.Difference, err)
	}
	return nil
}
