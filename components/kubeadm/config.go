package kubeadm

import (
	corev1 "k8s.io/api/core/v1"
)

// DefaultContainerdVersion is the apt version pattern of containerd.io: a line known to work with Kubernetes 1.35 to 1.37.
// Early 2.3 releases ignore the configured sandbox image.
const DefaultContainerdVersion = "2.2.*"

// DefaultPackageRevision is the revision that pkgs.k8s.io gives to the first packages of a version (1.36.3-1.1).
const DefaultPackageRevision = "1.1"

// DefaultStateDir is where a control plane keeps its certificates and etcd when it has no data disk.
const DefaultStateDir = "/var/lib/control-plane"

// DefaultBackupSchedule saves a control plane every six hours, UTC.
const DefaultBackupSchedule = "*-*-* 00/6:00:00"

// NodeConfig is what every node is told at its launch. There is no secret in it: any process on a machine can read its user data.
type NodeConfig struct {
	// Cluster names the cluster. SSM parameters are found under /<Cluster>/.
	Cluster string
	// Region is the AWS region, e.g. ap-northeast-2.
	Region string
	// Name is the node's name and the host's.
	Name string
	// Labels and Taints are set when the node registers. Labels that a kubelet may not set itself are refused.
	Labels map[string]string
	Taints []corev1.Taint
	// MaxPods limits the pods on the node, from 1 to 250.
	MaxPods int
	// KubeReserved and SystemReserved are quantities by resource: cpu, memory, ephemeral-storage, pid.
	KubeReserved, SystemReserved map[string]string
	// EvictionHard is thresholds by signal, e.g. memory.available: 100Mi. Signals not given keep the kubelet's defaults.
	EvictionHard map[string]string
	// KubernetesVersion is complete and has no leading v, e.g. 1.36.3.
	KubernetesVersion string
	// PackageRevision is the revision of the Kubernetes packages; DefaultPackageRevision when empty.
	PackageRevision string
	// ContainerdVersion is an apt version pattern; DefaultContainerdVersion when empty.
	ContainerdVersion string
	// DataMount is where the second disk is mounted; empty for a node without one.
	DataMount string
	// Images are references of images that the node is going to need, beside those that kubeadm names. It fetches them while it
	// boots, without credentials. A missing one is fetched when a pod asks for it.
	Images []string
	// Sources are the addresses that a booting node fetches from; empty ones get their public defaults.
	Sources Sources
}

// ControlPlaneConfig is what the control plane is told at its launch.
type ControlPlaneConfig struct {
	NodeConfig
	// PrivateIP is the machine's fixed IPv4 address. It must survive the machine: etcd and every kubelet know it.
	PrivateIP string
	// PodCIDR and ServiceCIDR are IPv4 ranges that overlap neither each other nor the VPC.
	PodCIDR, ServiceCIDR string
	// CertSANs are further names and addresses in the API server's certificate, beside the private IP, the node's name,
	// and 127.0.0.1 and localhost (which a port forward uses).
	CertSANs []string
	// BackupBucket is the S3 bucket that etcd and the authorities are saved to, and restored from onto a blank disk. Without
	// one nothing is saved.
	BackupBucket string
	// BackupSchedule is when, as a systemd calendar expression (systemd.time(7)); DefaultBackupSchedule when empty.
	BackupSchedule string
}

// WorkerConfig is what a worker is told at its launch.
type WorkerConfig struct {
	NodeConfig
}

// stateDir is where certificates and etcd data live: on the data disk if there is one, so that they outlive the instance.
func (c *ControlPlaneConfig) stateDir() string {
	if c.DataMount != "" {
		return c.DataMount
	}
	return DefaultStateDir
}

func (c NodeConfig) withDefaults() NodeConfig {
	if c.PackageRevision == "" {
		c.PackageRevision = DefaultPackageRevision
	}
	if c.ContainerdVersion == "" {
		c.ContainerdVersion = DefaultContainerdVersion
	}
	c.Sources = c.Sources.withDefaults(c.Region, Minor(c.KubernetesVersion))
	return c
}
