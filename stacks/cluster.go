package stacks

import (
	"fmt"
	"slices"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/bucket"
	"github.com/growbin/cluster/components/cluster"
	"github.com/growbin/cluster/components/encryption"
	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeconfig"
	"github.com/growbin/cluster/components/loadbalancer"
	"github.com/growbin/cluster/components/ports"
	"github.com/growbin/cluster/components/sessions"
	"github.com/growbin/cluster/components/statusalarm"
)

const (
	// imageVersionDays is the number of days for which an overwritten or deleted image can be restored.
	imageVersionDays = 30
	// backupSchedule runs a backup of the control plane every six hours, one of them at 03:00 in Korea (systemd.time(7)).
	backupSchedule = "*-*-* 03/6:00:00 " + timezone
)

// pollInterval and failedGrace bound the wait for a booting instance. Tests shorten them.
var (
	pollInterval = kubeconfig.DefaultPollInterval
	failedGrace  = kubeconfig.DefaultFailedGrace
)

// infrastructure holds the cluster, the access to its API server, the bucket for images and the load balancer.
type infrastructure struct {
	*cluster.Cluster
	kubernetes *kubernetes.Provider
	// identity is the user of the API server as whom the program connects.
	identity kubeadm.Identity
	images   *bucket.Bucket
	dumps    *bucket.Bucket
	// key encrypts parameters, volumes, backups and dumps.
	key *encryption.Key
	// sessions are the ways to the instances through Session Manager.
	sessions *sessions.Sessions
	aws      *aws.Provider
	traffic  *loadbalancer.LoadBalancer
	// alarms notify people of what the cluster cannot tell; nil if nobody is to be notified.
	alarms *statusalarm.StatusAlarms
	// onAWS is the option of everything in the account.
	onAWS pulumi.ResourceOption
}

// newInfrastructure creates everything outside Kubernetes.
func newInfrastructure(ctx *pulumi.Context, s *Settings, live *liveAccount, provider *aws.Provider) (*infrastructure, error) {
	name := s.ClusterName()
	onAWS := pulumi.Provider(provider)
	i := &infrastructure{aws: provider, onAWS: onAWS}
	var err error
	if i.key, err = encryption.NewKey(ctx, name, s.keyArgs(live.identity), onAWS); err != nil {
		return nil, err
	}
	if i.sessions, err = sessions.NewSessions(ctx, name, &sessions.SessionsArgs{Port: ports.APIServer, KeyARN: i.key.ARN}, onAWS); err != nil {
		return nil, err
	}
	if i.images, err = bucket.NewBucket(ctx, name+"-images", &bucket.BucketArgs{
		NoncurrentDays: imageVersionDays, ExpireDays: s.ImageKeepDays, Origins: s.ImageOrigins, DeletionProtection: s.DeletionProtection,
		Users: s.imageUsers(live.identity),
	}, onAWS); err != nil {
		return nil, err
	}
	if i.dumps, err = newDumps(ctx, s, i.key, s.dumpUsers(live.identity), onAWS); err != nil {
		return nil, err
	}
	args := s.clusterArgs(live)
	i.identity = s.apiIdentity(ctx.DryRun(), live.identity)
	args.Identity = i.identity
	args.SessionLogARN = i.sessions.LogGroupARN
	args.AMI, args.Key, args.BackupUsers = pulumi.String(live.image), i.key, s.backupUsers(live.identity)
	if i.Cluster, err = cluster.NewCluster(ctx, name, args, onAWS); err != nil {
		return nil, err
	}
	if i.traffic, err = newLoadBalancer(ctx, s, i, provider); err != nil {
		return nil, err
	}
	if i.kubernetes, err = i.NewKubernetesProvider(ctx, name); err != nil {
		return nil, err
	}
	return i, nil
}

// clusterArgs returns the cluster of the settings.
func (s *Settings) clusterArgs(live *liveAccount) *cluster.ClusterArgs {
	args := &cluster.ClusterArgs{
		Nodes: s.clusterNodes(live), Network: *s.vpcArgs(), PrivateNodes: s.NodeSubnets == "private",
		PodCIDR: s.PodCIDR, ServiceCIDR: s.ServiceCIDR, KubernetesVersion: s.KubernetesVersion,
		AdminCIDRs: s.AdminCIDRs, KeyName: s.SSHKeyName,
		MonitoringGroups: []string{groupMonitoring},
		DNSRoles:         []string{string(RoleInfrastructure)}, // one in each zone, and no application loads them
		RoleDescriptions: roleDescriptions,
		MoreGroups: map[string]string{
			groupLoadBalancer: "Load balancer, open to the world",
			groupMonitoring:   "The node of monitoring, which scrapes all others",
		},
		Rules:          slices.Concat(openPorts, s.trafficRules()),
		BackupKeepDays: s.EtcdBackupKeepDays, BackupSchedule: backupSchedule,
		LendBackupsUntil:   live.lendBackups(s, time.Now()),
		DeletionProtection: s.DeletionProtection,
		CPUCredits:         s.CPUCredits,
		BootTimeout:        s.BootTimeout, PollInterval: pollInterval, FailedGrace: failedGrace, Sources: s.sources(), Connect: s.Connect,
	}
	if s.APIAccess == AccessSessionManager {
		args.APIServerURL = fmt.Sprintf("https://127.0.0.1:%d", s.APITunnelPort)
	}
	return args
}
