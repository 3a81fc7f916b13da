package stacks

import (
	"fmt"
	"net/netip"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/bucket"
	"github.com/growbin/cluster/components/instance"
	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeconfig"
	"github.com/growbin/cluster/components/network"
	"github.com/growbin/cluster/components/securitygroup"
)

const (
	apiPort = 6443
	// controlPlaneHost is the control plane's place in its subnet: its address must survive the machine.
	controlPlaneHost = 10
	// imageVersionDays is how long an overwritten or deleted image can be brought back.
	imageVersionDays = 30
	// backupSchedule saves the control plane every six hours, one of them at three in the morning in Korea, as the team has
	// always done it (systemd.time(7)).
	backupSchedule = "*-*-* 03/6:00:00 Asia/Seoul"
)

// pollInterval is the time between two looks at what a booting machine reports, and failedGrace how long a failure may
// last before it is final. Tests shorten them.
var (
	pollInterval = kubeconfig.DefaultPollInterval
	failedGrace  = kubeconfig.DefaultFailedGrace
)

// cluster is the machines and the way in.
type cluster struct {
	vpc    *network.Vpc
	images *bucket.Bucket
	// backups holds what the control plane saves of itself.
	backups *bucket.Bucket
	nodes   map[string]*instance.Instance
	// server is the URL of the API server as it is reached from here.
	server     pulumi.StringOutput
	kubeconfig *kubeconfig.Kubeconfig
	kubernetes *kubernetes.Provider
}

// newCluster builds the network, the machines and what they need to become a cluster.
func newCluster(ctx *pulumi.Context, s *Settings, image string, provider *aws.Provider) (*cluster, error) {
	name := s.ClusterName()
	onAWS := pulumi.Provider(provider)
	c := &cluster{nodes: map[string]*instance.Instance{}}
	var err error
	if c.vpc, err = network.NewVpc(ctx, name, s.vpcArgs(), onAWS); err != nil {
		return nil, err
	}
	groups, err := securitygroup.NewSecurityGroups(ctx, name, &securitygroup.SecurityGroupsArgs{
		VpcID: c.vpc.ID.ToStringOutput(), Groups: securityGroups, Rules: securityRules(s),
	}, onAWS)
	if err != nil {
		return nil, err
	}
	if c.images, err = bucket.NewBucket(ctx, name+"-images", &bucket.BucketArgs{
		NoncurrentDays: imageVersionDays, DeletionProtection: s.DeletionProtection,
	}, onAWS); err != nil {
		return nil, err
	}
	// The latest backup lies outside the history and never expires: a cluster that slept for weeks must come back too.
	if c.backups, err = bucket.NewBucket(ctx, name+"-backups", &bucket.BucketArgs{
		ExpirePrefix: kubeadm.BackupHistory, ExpireDays: s.EtcdBackupKeepDays, NoncurrentDays: s.EtcdBackupKeepDays,
		DeletionProtection: s.DeletionProtection,
	}, onAWS); err != nil {
		return nil, err
	}
	bootstrap, err := kubeadm.NewBootstrap(ctx, name, bootstrapArgs(s, c.images, c.backups), onAWS)
	if err != nil {
		return nil, err
	}
	// A machine that boots before its route, its rules or its permissions stand fails its bootstrap.
	ready := pulumi.DependsOn([]pulumi.Resource{c.vpc, groups, bootstrap, c.backups})
	for _, n := range s.machines() {
		args, err := machineArgs(s, n, c.vpc, c.backups)
		if err != nil {
			return nil, err
		}
		args.AMI = pulumi.String(image)
		args.SecurityGroupIDs = pulumi.StringArray{groups.GroupID(string(n.Role))}
		args.InstanceProfile = bootstrap.InstanceProfiles[n.Name]
		if c.nodes[n.Name], err = instance.NewInstance(ctx, n.Name, args, onAWS, ready); err != nil {
			return nil, err
		}
	}
	return c, c.enter(ctx, s, onAWS)
}

// enter waits for the control plane and configures the one Kubernetes provider with what it published.
func (c *cluster) enter(ctx *pulumi.Context, s *Settings, onAWS pulumi.ResourceOption) (err error) {
	controlPlane := ControlPlane(s.Nodes).Name
	machine := c.nodes[controlPlane]
	if s.APIAccess == AccessDirect {
		c.server = pulumi.Sprintf("https://%s:%d", machine.PublicIP, apiPort)
	} else {
		c.server = pulumi.Sprintf("https://127.0.0.1:%d", s.APITunnelPort)
	}
	if c.kubeconfig, err = kubeconfig.NewKubeconfig(ctx, s.ClusterName(), &kubeconfig.KubeconfigArgs{
		Cluster: s.ClusterName(), ControlPlane: controlPlane, InstanceID: machine.InstanceID, Server: c.server,
		Timeout: s.BootTimeout, PollInterval: pollInterval, FailedGrace: failedGrace,
		// The machine's volumes and address are part of it: what is deployed later must be destroyed before them.
	}, onAWS, pulumi.DependsOn([]pulumi.Resource{machine})); err != nil {
		return err
	}
	c.kubernetes, err = kubernetes.NewProvider(ctx, s.ClusterName(), &kubernetes.ProviderArgs{
		Kubeconfig: c.kubeconfig.Content,
		// Without a stable identity a renewed kubeconfig would replace everything in the cluster.
		ClusterIdentifier: pulumi.String(s.ClusterName()),
		// A cluster that is gone for good must not block the destruction of the rest, unless its content is protected.
		DeleteUnreachable: pulumi.Bool(!s.DeletionProtection),
	}, pulumi.DependsOn([]pulumi.Resource{c.kubeconfig}))
	if err != nil {
		return fmt.Errorf("configure Kubernetes: %w", err)
	}
	return nil
}

// controlPlaneIP is the fixed address of the control plane in the subnet of its zone.
func (s *Settings) controlPlaneIP() (string, error) {
	cidrs := s.PublicSubnetCIDRs
	if s.NodeSubnets == "private" {
		cidrs = s.PrivateSubnetCIDRs
	}
	subnet, err := netip.ParsePrefix(cidrs[ControlPlane(s.Nodes).Zone])
	if err != nil {
		return "", err
	}
	address := subnet.Addr()
	for range controlPlaneHost {
		address = address.Next()
	}
	if !subnet.Contains(address) {
		return "", fmt.Errorf("subnet %s has no address number %d for the control plane", subnet, controlPlaneHost)
	}
	return address.String(), nil
}
