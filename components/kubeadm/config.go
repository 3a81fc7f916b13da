package kubeadm

import (
	"cmp"

	corev1 "k8s.io/api/core/v1"
)

// DefaultContainerdVersion is the apt version pattern of containerd.io: a line known to work with Kubernetes 1.35 to 1.37.
// Early 2.3 releases ignore the configured sandbox image.
const DefaultContainerdVersion = "2.2.*"

// DefaultPackageRevision is the revision that pkgs.k8s.io gives to the first packages of a version (1.36.3-1.1).
const DefaultPackageRevision = "1.1"

// DefaultStateDir holds the certificates and etcd of a control plane without a data disk.
const DefaultStateDir = "/var/lib/control-plane"

// DefaultBackupSchedule runs a backup every six hours, UTC.
const DefaultBackupSchedule = "*-*-* 00/6:00:00"

// NodeConfig is the configuration of every node. It holds no secret: any process on an instance can read the user data.
type NodeConfig struct {
	// Cluster is the name of the cluster. The names of its SSM parameters begin with /<Cluster>/.
	Cluster string
	// Region is the AWS region, e.g. ap-northeast-2.
	Region string
	// Name is the node's name and the host's.
	Name string
	// Labels and Taints are set when the node registers. Labels that a kubelet may not set itself are invalid.
	Labels map[string]string
	Taints []corev1.Taint
	// MaxPods limits the pods on the node, from 1 to 250.
	MaxPods int
	// KubeReserved and SystemReserved are quantities by resource: cpu, memory, ephemeral-storage, pid.
	KubeReserved, SystemReserved map[string]string
	// EvictionHard holds thresholds by signal, e.g. memory.available: 100Mi. Other signals keep the kubelet's defaults.
	EvictionHard map[string]string
	// KubernetesVersion is complete and has no leading v, e.g. 1.36.3.
	KubernetesVersion string
	// PackageRevision is the revision of the Kubernetes packages; DefaultPackageRevision when empty.
	PackageRevision string
	// ContainerdVersion is an apt version pattern; DefaultContainerdVersion when empty.
	ContainerdVersion string
	// Key names the key of KMS that encrypts the parameters, e.g. alias/dev; AWS's own when empty.
	Key string
	// DataMount is where the second disk is mounted; empty for a node without one.
	DataMount string
	// Images are references of images, beside those that kubeadm names, that the node pulls while it boots, without credentials.
	// A missing one is pulled when a pod needs it.
	Images []string
	// Sources are the addresses that a booting node downloads from; public ones where empty.
	Sources Sources
}

// ControlPlaneConfig is the configuration of the control plane.
type ControlPlaneConfig struct {
	NodeConfig
	// PrivateIP is the machine's fixed IPv4 address. It must survive the instance: etcd and every kubelet are configured with it.
	PrivateIP string
	// PodCIDR and ServiceCIDR are IPv4 ranges that overlap neither each other nor the VPC.
	PodCIDR, ServiceCIDR string
	// CertSANs are further names and addresses in the API server's certificate, beside the private IP, the node's name,
	// and 127.0.0.1 and localhost (which a port forward uses).
	CertSANs []string
	// DNS places CoreDNS; nil leaves it to kubeadm.
	DNS *DNS
	// BackupBucket is the S3 bucket for backups of etcd and the certificate authorities, from which a blank disk is restored;
	// no backups when empty.
	BackupBucket string
	// IssuerBucket is the public S3 bucket with the documents by which AWS verifies service account tokens, see IssuerURL; none when
	// empty.
	IssuerBucket string
	// BackupSchedule is a calendar expression (systemd.time(7)); DefaultBackupSchedule when empty.
	BackupSchedule string
}

// WorkerConfig is the configuration of a worker.
type WorkerConfig struct {
	NodeConfig
	// Spot drains the node when EC2 announces that it takes the instance.
	Spot bool
	// TargetGroups begins the names of the load balancer's target groups that such a node then leaves; empty for none. Its role
	// must allow that, see LeaveTargetGroups.
	TargetGroups string
}

// stateDir returns the directory of certificates and etcd: on the data disk if there is one, so that they outlive the instance.
func (c *ControlPlaneConfig) stateDir() string {
	return cmp.Or(c.DataMount, DefaultStateDir)
}

func (c NodeConfig) withDefaults() NodeConfig {
	c.PackageRevision = cmp.Or(c.PackageRevision, DefaultPackageRevision)
	c.ContainerdVersion = cmp.Or(c.ContainerdVersion, DefaultContainerdVersion)
	c.Sources = c.Sources.withDefaults(c.Region, Minor(c.KubernetesVersion))
	return c
}
