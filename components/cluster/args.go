package cluster

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"

	"github.com/growbin/cluster/components/encryption"
	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/network"
	"github.com/growbin/cluster/components/securitygroup"
)

// Roles of nodes. Any other DNS label is a role, too.
const (
	// RoleControlPlane is the role of the node that runs the API server and etcd. A cluster has exactly one.
	RoleControlPlane = "control-plane"
	// RoleWorker is the default role.
	RoleWorker = "worker"
)

// Defaults of ClusterArgs and Node.
const (
	DefaultVpcCIDR           = "10.0.0.0/16"
	DefaultPodCIDR           = "192.168.0.0/16"
	DefaultServiceCIDR       = "10.96.0.0/12"
	DefaultKubernetesVersion = "1.36.3"
	DefaultBackupKeepDays    = 7
	DefaultInstanceType      = "t3.medium"
	DefaultRootGiB           = 30
	DefaultMaxPods           = 40
)

// DataMount is the directory where a node's data volume is mounted.
const DataMount = "/var/lib/data"

// UbuntuImageParameter is the public SSM parameter with the ID of Canonical's current Ubuntu 24.04 image.
const UbuntuImageParameter = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"

// Node is a row of the node table: one EC2 instance that joins the cluster.
type Node struct {
	// Name is the node's name in Kubernetes, its host name and the Name tag of its instance; a DNS label.
	Name string `pulumi:"name"`
	// Role names the node's security group, and is shown by kubectl under ROLES. RoleWorker when empty.
	Role string `pulumi:"role"`
	// Groups are security groups of the instance beside that of its role, keys of ClusterArgs.MoreGroups.
	Groups []string `pulumi:"groups"`
	// InstanceType is an EC2 instance type, e.g. t3.medium; DefaultInstanceType when empty.
	InstanceType string `pulumi:"instanceType"`
	// Zone is one of the network's availability zones; the first of them when empty.
	Zone string `pulumi:"zone"`
	// RootGiB is the size of the root volume in GiB; DefaultRootGiB when 0.
	RootGiB int `pulumi:"rootGiB"`
	// DataGiB is the size in GiB of a volume at DataMount that outlives the instance; none when 0.
	DataGiB int `pulumi:"dataGiB"`
	// SnapshotGroup is that of the data volume, see instance.SnapshotTag.
	SnapshotGroup string `pulumi:"snapshotGroup"`
	// Snapshot is the ID of the snapshot of which a new data volume is made; blank when empty.
	Snapshot string `pulumi:"snapshot"`
	// MaxPods limits the pods on the node, and thereby the memory reserved for the kubelet; DefaultMaxPods when 0.
	MaxPods int `pulumi:"maxPods"`
	// Labels are set by the kubelet when it registers the node.
	Labels map[string]string `pulumi:"labels"`
	// Taints are set by the kubelet when it registers the node. kubeadm adds the taint of the control plane.
	Taints []corev1.Taint `pulumi:"taints"`
	// Images are references of images that the node pulls while it boots, without credentials.
	Images []string `pulumi:"images"`
	// Spot buys the instance on the spot market; only for a node without data. See instance.InstanceArgs.
	Spot bool `pulumi:"spot"`
	// TargetGroups begins the names of the load balancer's target groups that the node of a spot instance leaves when EC2 takes it.
	TargetGroups string `pulumi:"targetGroups"`
	// Statements allow the role of the instance more than its part in the cluster.
	Statements []kubeadm.Statement `pulumi:"statements"`
	// Roll allows an update to replace the instance for a new image, type, subnet, key or user data. Without it these
	// changes are ignored.
	Roll bool `pulumi:"roll"`
	// Unprotected exempts the instance, but not its data volume, from ClusterArgs.DeletionProtection.
	Unprotected bool `pulumi:"unprotected"`
}

// ClusterArgs describes a cluster. Nodes, Network.Region and Network.Zones are required, and AdminCIDRs or APIServerURL.
type ClusterArgs struct {
	// Nodes is the node table.
	Nodes []Node `pulumi:"nodes"`
	// Network describes the VPC. Without a CIDR it gets DefaultVpcCIDR and a public /24 subnet in each zone.
	Network network.VpcArgs `pulumi:"network"`
	// PrivateNodes places the instances into private subnets, which need a NAT gateway.
	PrivateNodes bool `pulumi:"privateNodes"`
	// PodCIDR and ServiceCIDR are IPv4 ranges apart from each other and from the VPC; DefaultPodCIDR and
	// DefaultServiceCIDR when empty.
	PodCIDR     string `pulumi:"podCidr"`
	ServiceCIDR string `pulumi:"serviceCidr"`
	// KubernetesVersion is the version of new instances, e.g. 1.36.3; DefaultKubernetesVersion when empty.
	KubernetesVersion string `pulumi:"kubernetesVersion"`
	// AMI is the image of new instances; Canonical's current Ubuntu 24.04 when nil.
	AMI pulumi.StringInput `pulumi:"ami"`

	// AdminCIDRs are the IPv4 ranges from which administrators reach the API server, and SSH if there is a KeyName.
	AdminCIDRs []string `pulumi:"adminCidrs"`
	// KeyName is an EC2 key pair for SSH. Without one, Session Manager is the only way to open a shell.
	KeyName string `pulumi:"keyName"`
	// APIServerURL is the URL of the API server as the program reaches it, e.g. https://127.0.0.1:6443 behind a port
	// forward; the public address of the control plane when empty.
	APIServerURL string `pulumi:"apiServerUrl"`
	// Identity is the user of the API server as whom the program connects; kubeadm.Deployer when empty.
	Identity kubeadm.Identity `pulumi:"identity"`
	// Connect, if not nil, is called with the URL of the API server before the first request; see
	// kubeconfig.KubeconfigArgs.
	Connect func(ctx context.Context, server string) error `pulumi:"connect"`
	// MonitoringGroups are the security groups whose nodes scrape the kubelets and node-exporters of all nodes: roles or keys of
	// MoreGroups.
	MonitoringGroups []string `pulumi:"monitoringGroups"`
	// DNSRoles are the roles whose nodes run CoreDNS, one replica in each of their zones; all but the control plane when empty.
	DNSRoles []string `pulumi:"dnsRoles"`
	// RoleDescriptions describe the security groups, by role.
	RoleDescriptions map[string]string `pulumi:"roleDescriptions"`
	// MoreGroups describe security groups beside those of the roles, by name: one for a purpose of single nodes, which
	// Node.Groups names, or one without nodes, e.g. that of a load balancer. Rules may name them.
	MoreGroups map[string]string `pulumi:"moreGroups"`
	// Rules allow more traffic between the groups: roles and keys of MoreGroups.
	Rules []securitygroup.Rule `pulumi:"rules"`

	// BackupKeepDays is the number of days for which a backup of the control plane is kept; DefaultBackupKeepDays when 0.
	// The latest never expires.
	BackupKeepDays int `pulumi:"backupKeepDays"`
	// BackupSchedule is a calendar expression (systemd.time(7)); kubeadm.DefaultBackupSchedule when empty.
	BackupSchedule string `pulumi:"backupSchedule"`
	// LendBackupsUntil allows the control plane to read its backups until that time; see kubeadm.BootstrapArgs.
	LendBackupsUntil time.Time `pulumi:"lendBackupsUntil"`
	// Key encrypts parameters, volumes and backups; AWS's own keys when nil. Its policy must admit the roles of the nodes, see
	// kubeadm.RoleName.
	Key *encryption.Key `pulumi:"key"`
	// BackupUsers are the only principals that use the backups, see bucket.BucketArgs; the role of the control plane must be one.
	BackupUsers []string `pulumi:"backupUsers"`
	// SessionLogARN is the log group to which Session Manager writes the shells on the nodes; none when nil.
	SessionLogARN pulumi.StringInput `pulumi:"sessionLogArn"`
	// DeletionProtection protects instances, data volumes and backups from deletion.
	DeletionProtection bool `pulumi:"deletionProtection"`

	// CPUCredits is the credit mode of burstable instances, one of instance.CreditModes; EC2's default when empty.
	CPUCredits string `pulumi:"cpuCredits"`

	// BootTimeout, PollInterval and FailedGrace bound the wait for an instance; see kubeconfig.KubeconfigArgs.
	BootTimeout  time.Duration `pulumi:"bootTimeout"`
	PollInterval time.Duration `pulumi:"pollInterval"`
	FailedGrace  time.Duration `pulumi:"failedGrace"`
	// Sources are the addresses that instances download from; public ones where empty.
	Sources kubeadm.Sources `pulumi:"sources"`
}

func (a *ClusterArgs) withDefaults() *ClusterArgs {
	if a == nil {
		a = &ClusterArgs{}
	}
	out := *a
	if out.Network.CIDR == "" {
		out.Network.CIDR = DefaultVpcCIDR
		if out.Network.PublicSubnetCIDRs == nil {
			out.Network.PublicSubnetCIDRs = subnets(len(out.Network.Zones))
		}
	}
	out.PodCIDR = cmp.Or(out.PodCIDR, DefaultPodCIDR)
	out.ServiceCIDR = cmp.Or(out.ServiceCIDR, DefaultServiceCIDR)
	out.KubernetesVersion = cmp.Or(out.KubernetesVersion, DefaultKubernetesVersion)
	out.BackupKeepDays = cmp.Or(out.BackupKeepDays, DefaultBackupKeepDays)
	out.Nodes = slices.Clone(out.Nodes)
	for i := range out.Nodes {
		n := &out.Nodes[i]
		n.Role = cmp.Or(n.Role, RoleWorker)
		n.InstanceType = cmp.Or(n.InstanceType, DefaultInstanceType)
		n.RootGiB = cmp.Or(n.RootGiB, DefaultRootGiB)
		n.MaxPods = cmp.Or(n.MaxPods, DefaultMaxPods)
		if n.Zone == "" && len(out.Network.Zones) > 0 {
			n.Zone = out.Network.Zones[0]
		}
	}
	return &out
}

// subnets returns count /24 ranges of DefaultVpcCIDR.
func subnets(count int) []string {
	var ranges []string
	for i := range count {
		ranges = append(ranges, fmt.Sprintf("10.0.%d.0/24", i))
	}
	return ranges
}

// keyARN returns the ARN of the key; nil without one.
func (a *ClusterArgs) keyARN() pulumi.StringInput {
	if a.Key == nil {
		return nil
	}
	return a.Key.ARN
}

// controlPlane returns the node with RoleControlPlane. The arguments must be valid.
func (a *ClusterArgs) controlPlane() Node {
	return a.Nodes[slices.IndexFunc(a.Nodes, func(n Node) bool { return n.Role == RoleControlPlane })]
}
