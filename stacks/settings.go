package stacks

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/components/namespace"
	"github.com/growbin/cluster/components/network"
	"github.com/growbin/cluster/components/sleep"
	"github.com/growbin/cluster/internal/imagelock"
)

// ConfigPrefix is the namespace of the settings: the project's name in Pulumi.yaml.
const ConfigPrefix = "growbin:"

// APIAccess is the way of the program to the API server.
type APIAccess string

// Ways to the API server.
const (
	// AccessDirect connects to the control plane's public address, from an address in adminCidrs.
	AccessDirect APIAccess = "direct"
	// AccessSessionManager connects to a local port that growbin tunnel forwards.
	AccessSessionManager APIAccess = "sessionManager"
)

// Values of the setting nodeSubnets.
const (
	subnetsPublic  = "public"
	subnetsPrivate = "private"
)

// Values of the setting creditSpecification.
const (
	creditsUnlimited = "unlimited"
	creditsStandard  = "standard"
)

// alertNone shows alerts in Alertmanager and sends them nowhere.
const alertNone = "none"

// Settings are the configuration of one stack. Pulumi.yaml declares their types and defaults.
type Settings struct {
	// Stack is the name of the Pulumi stack, at most 20 characters.
	Stack string

	// Region is the AWS region of everything, e.g. ap-northeast-2.
	Region string
	// AvailabilityZones are the three zones of the topology, in its order.
	AvailabilityZones []string
	// VpcCIDR is the IPv4 range of the VPC, /16 to /28.
	VpcCIDR string
	// PublicSubnetCIDRs holds one range per zone, inside VpcCIDR.
	PublicSubnetCIDRs []string
	// PrivateSubnetCIDRs is empty or holds one range per zone, inside VpcCIDR.
	PrivateSubnetCIDRs []string
	// NATGateways is the number of NAT gateways for private subnets: none, one, or one per zone.
	NATGateways network.NATMode
	// NodeSubnets is public or private: the subnets of the nodes.
	NodeSubnets string
	// PodCIDR is the IPv4 range of the pods.
	PodCIDR string
	// ServiceCIDR is the IPv4 range of the Services.
	ServiceCIDR string
	// AccessLogDays is the number of days for which the load balancer's access logs are kept; 0 for no logs.
	AccessLogDays int
	// MaxRequests is the number of requests from one address in five minutes above which the load balancer refuses more; 0 for no limit.
	MaxRequests int
	// FlowLogDays is the number of days for which connections in the VPC are logged; 0 for no log.
	FlowLogDays int

	// AdminCIDRs are the IPv4 ranges that may connect to the API server and, with SSHKeyName, to SSH.
	AdminCIDRs []string
	// APIAccess is the way of Pulumi to the API server.
	APIAccess APIAccess
	// APITunnelPort is the local TCP port of growbin tunnel.
	APITunnelPort int
	// SSHKeyName is the name of an EC2 key pair; empty for none.
	SSHKeyName string
	// SSHKeyFile is the path of its private key in the output sshCommands; ~/.ssh/<SSHKeyName>.pem when empty.
	SSHKeyFile string

	// Operators are ARNs of IAM roles and users that may deploy and hold everything that the stack encrypts, beside the first deployer.
	Operators []string
	// Readers are those of IAM roles and users that may read the kubeconfigs of reader and previewer, and nothing else.
	Readers []string

	// PermissionsBoundary is the ARN of the managed policy that limits all roles of the stack; empty for none.
	PermissionsBoundary string

	// Domain is the parent of the hosts api, argocd and grafana, e.g. growbin.app; empty for plain HTTP without hosts.
	Domain string
	// HostedZone is the Route 53 zone of Domain, if it is not Domain itself.
	HostedZone string
	// ReplaceRecords takes over records of these hosts that exist in the zone, e.g. from another cluster.
	ReplaceRecords bool

	// KubernetesVersion is that of new nodes, without a leading v.
	KubernetesVersion string
	// MachineImage is the ID of the AMI of new nodes; empty for Canonical's current Ubuntu 24.04.
	MachineImage string
	// PackageMirrors are the URLs of mirrors of packages, by kubernetes, containerd and ubuntu.
	PackageMirrors map[string]string
	// ImageMirrors are the URLs from which nodes pull container images, by the registry in the images' names.
	ImageMirrors map[string]string
	// RollNodes are the nodes whose instance this update may replace.
	RollNodes []string
	// SurgeNodes are the nodes that have a surge instance.
	SurgeNodes []string
	// UnprotectedNodes are the nodes whose instance is deletable in spite of DeletionProtection.
	UnprotectedNodes []string
	// RollLocks holds the ID of the lock of the roll that makes this update; empty for a deployment.
	RollLocks []string
	// RollImage is the machine image of the roll that makes this update; empty for a deployment.
	RollImage string
	// BootTimeout limits the wait for one instance to join.
	BootTimeout time.Duration
	// StartEmpty are the nodes whose new data volume is blank although a snapshot exists.
	StartEmpty []string
	// DeletionProtection protects instances, data volumes and buckets that hold objects.
	DeletionProtection bool

	// CPUCredits is the credit mode of burstable instances: unlimited bills CPU time above the baseline, standard slows down.
	CPUCredits string
	// ExpectedLoadPercent is the share of the expected load that the stack has, in percent, for the estimate of its cost.
	ExpectedLoadPercent int
	// MonthlyBudget is the limit of the monthly bill in USD; 0 for none.
	MonthlyBudget int
	// BudgetEmails are the addresses that AWS notifies before the limit.
	BudgetEmails []string
	// LivePrices reads the prices of instances and disks from AWS for the estimate.
	LivePrices bool
	// Sleep are the hours in which all instances are stopped; nil for none.
	Sleep *sleep.Hours

	// ImageRegistry is the registry and path of the application images, e.g. ghcr.io/growbin.
	ImageRegistry string
	// ImageTag is the tag with which an application begins. Releases change it in the cluster.
	ImageTag string
	// ImageTags are tags that differ from ImageTag, by application.
	ImageTags map[string]string
	// ReleaseRepositories are the GitHub repositories whose workflows may release an application, as owner/name by application.
	ReleaseRepositories map[string]string
	// RegistryUsername is the user of ImageRegistry; empty if the images are public.
	RegistryUsername string
	// Autoscale are the bounds of applications whose number of pods an autoscaler owns, by name.
	Autoscale map[string]bounds
	// AIMaxCalls is the number of calls to the AI API that all pods together may make at once.
	AIMaxCalls int
	// LogLevel is that of the applications: debug, info, warning or error.
	LogLevel string
	// JWTKey is that of jwtKeys which signs tokens of users.
	JWTKey string

	// ImageOrigins are the web origins whose pages may upload and read images by presigned URLs.
	ImageOrigins []string
	// ImageKeepDays is the number of days after which images are deleted; 0 keeps them.
	ImageKeepDays int
	// BackupKeepDays is the number of days for which database dumps are kept.
	BackupKeepDays int
	// DumpKeepDays is the number of days for which their copies in the bucket are kept.
	DumpKeepDays int
	// SnapshotHours is the interval between snapshots of the stores' data volumes in hours; 0 for none.
	SnapshotHours int
	// SnapshotKeepDays is the number of days for which snapshots are kept.
	SnapshotKeepDays int
	// EtcdBackupKeepDays is the number of days for which backups of the control plane are kept.
	EtcdBackupKeepDays int
	// AlarmEmails are the addresses that AWS notifies when the control plane or the node of monitoring fails.
	AlarmEmails []string
	// Unattended states that nobody is to be notified of alerts and alarms.
	Unattended bool
	// AlertLanguage is that of the texts of alerts: english or korean.
	AlertLanguage string
	// AlertReceiver is none, slack, discord or webhook.
	AlertReceiver string
	// Heartbeat reports whether HeartbeatURL is set.
	Heartbeat bool
	// AlertChannel is the Slack channel of alerts, e.g. #alerts.
	AlertChannel string
	// GitRepository is the repository that Argo CD reads: an https URL, or an address of ssh with a deploy key; empty for none.
	GitRepository string
	// GitKnownHosts are keys of its SSH server, as lines of known_hosts; those of the large Git services are known.
	GitKnownHosts string
	// GitPath is the folder of the root Application in GitRepository; empty for none.
	GitPath string
	// GitRevision is the branch, tag or commit of the root Application.
	GitRevision string

	// Nodes is the topology with the stack's instance types and sizes of data volumes.
	Nodes []Node

	// Connect is called with the URL of the API server before the first request; nil for none. It is no setting.
	Connect func(ctx context.Context, server string) error
	// Packages returns the versions of the packages in an apt repository; nil if nobody is to be asked. It is no setting.
	Packages func(ctx context.Context, repository string) (map[string][]string, error)
	// Sources override the public addresses that instances download from. It is no setting, see DeployFrom.
	Sources kubeadm.Sources
	// digests are those of images, and chartImages the images that charts name, see LockImages. They are no settings.
	digests     imagelock.Lock
	chartImages chartImages
	// quotas are those of the namespaces, see quotasOf. It is no setting.
	quotas map[string]*namespace.Quota

	// GitToken and GitDeployKey are the credentials for GitRepository; nil for those that are not set.
	GitToken, GitDeployKey pulumi.StringInput
	// RegistryPassword is the password or token of RegistryUsername.
	RegistryPassword pulumi.StringOutput
	// OpenAIAPIKey is the key of the OpenAI API.
	OpenAIAPIKey pulumi.StringOutput
	// KakaoAPIKey is the key of the Kakao Map API.
	KakaoAPIKey pulumi.StringOutput
	// AlertURL is the address of AlertReceiver, which contains a credential.
	AlertURL pulumi.StringOutput
	// HeartbeatURL is the address of a watcher outside the cluster, which contains a credential.
	HeartbeatURL pulumi.StringOutput
}

// LoadSettings reads and validates all settings. Its error lists every problem: the key, the value, and its allowed values.
func LoadSettings(ctx *pulumi.Context) (*Settings, error) {
	settings, err := DecodeSettings(ctx.Stack(), Source{
		Get:      func(key string) (string, bool) { return ctx.GetConfig(ConfigPrefix + key) },
		IsSecret: func(key string) bool { return ctx.IsConfigSecret(ConfigPrefix + key) },
	})
	if err != nil {
		return nil, err
	}
	cfg := config.New(ctx, strings.TrimSuffix(ConfigPrefix, ":"))
	settings.RegistryPassword = cfg.GetSecret("registryPassword")
	if cfg.Get("gitToken") != "" {
		settings.GitToken = cfg.GetSecret("gitToken")
	}
	if cfg.Get("gitDeployKey") != "" {
		settings.GitDeployKey = cfg.GetSecret("gitDeployKey")
	}
	settings.OpenAIAPIKey = cfg.GetSecret("openaiApiKey")
	settings.KakaoAPIKey = cfg.GetSecret("kakaoApiKey")
	settings.AlertURL = cfg.GetSecret("alertUrl")
	settings.HeartbeatURL = cfg.GetSecret("heartbeatUrl")
	return settings, nil
}

// Source reads settings by key, without the project's prefix.
type Source struct {
	// Get returns the value in the form in which Pulumi passes it, e.g. lists as JSON; false if it is not set.
	Get func(key string) (value string, ok bool)
	// IsSecret reports whether the value is encrypted in the stack file.
	IsSecret func(key string) bool
}

// DecodeSettings decodes and validates everything but the values of the secrets.
func DecodeSettings(stack string, from Source) (*Settings, error) {
	r := &settingsReader{Source: from}
	s := &Settings{
		Stack: stack,

		Region:             r.text("region"),
		AvailabilityZones:  r.list("availabilityZones"),
		VpcCIDR:            r.text("vpcCidr"),
		PublicSubnetCIDRs:  r.list("publicSubnetCidrs"),
		PrivateSubnetCIDRs: r.list("privateSubnetCidrs"),
		NATGateways:        network.NATMode(r.text("natGateways")),
		NodeSubnets:        r.choice("nodeSubnets", subnetsPublic, subnetsPrivate),
		PodCIDR:            r.text("podCidr"),
		ServiceCIDR:        r.text("serviceCidr"),

		AdminCIDRs:    r.list("adminCidrs"),
		APIAccess:     APIAccess(r.choice("apiAccess", string(AccessDirect), string(AccessSessionManager))),
		APITunnelPort: r.integer("apiTunnelPort"),
		SSHKeyName:    r.optional("sshKeyName"),
		SSHKeyFile:    r.optional("sshKeyFile"),
		Operators:     r.list("operators"),
		Readers:       r.list("readers"),

		PermissionsBoundary: r.optional("permissionsBoundary"),

		FlowLogDays:   r.integerIn("flowLogDays", 0, maxDays),
		AccessLogDays: r.integerIn("accessLogDays", 0, maxDays),
		MaxRequests:   r.integerIn("maxRequests", 0, 2_000_000_000),

		Domain:     r.optional("domain"),
		HostedZone: r.optional("hostedZone"),

		ReplaceRecords: r.boolean("replaceRecords"),

		KubernetesVersion:  r.text("kubernetesVersion"),
		MachineImage:       r.optional("machineImage"),
		PackageMirrors:     r.pairs("packageMirrors"),
		ImageMirrors:       r.pairs("imageMirrors"),
		RollNodes:          r.list("rollNodes"),
		SurgeNodes:         r.list("surgeNodes"),
		UnprotectedNodes:   r.list("unprotectedNodes"),
		RollLocks:          r.list("rollLocks"),
		RollImage:          r.optional("rollImage"),
		BootTimeout:        time.Duration(r.integerIn("bootTimeoutMinutes", 1, 240)) * time.Minute,
		StartEmpty:         r.list("startEmpty"),
		DeletionProtection: r.boolean("deletionProtection"),

		CPUCredits:          r.choice("creditSpecification", creditsUnlimited, creditsStandard),
		ExpectedLoadPercent: r.integer("expectedLoadPercent"),
		MonthlyBudget:       r.integer("monthlyBudget"),
		BudgetEmails:        r.list("budgetEmails"),
		LivePrices:          r.boolean("livePrices"),

		ImageRegistry: r.text("imageRegistry"),
		ImageTag:      r.text("imageTag"),
		ImageTags:     r.pairs("imageTags"),

		ReleaseRepositories: r.pairs("releaseRepositories"),

		RegistryUsername: r.optional("registryUsername"),
		AIMaxCalls:       r.integer("aiMaxCalls"),
		LogLevel:         r.choice("logLevel", "debug", "info", "warning", "error"),
		JWTKey:           r.choice("jwtKey", "first", "second"),

		ImageOrigins:  r.list("imageOrigins"),
		ImageKeepDays: r.integerIn("imageKeepDays", 0, maxDays),

		BackupKeepDays:     r.integerIn("backupKeepDays", 1, maxDays),
		DumpKeepDays:       r.integerIn("dumpKeepDays", 1, maxDays),
		SnapshotHours:      r.integerIn("snapshotHours", 0, 24),
		SnapshotKeepDays:   r.integerIn("snapshotKeepDays", 1, maxDays),
		EtcdBackupKeepDays: r.integerIn("etcdBackupKeepDays", 1, maxDays),
		AlarmEmails:        r.list("alarmEmails"),
		Unattended:         r.boolean("unattended"),
		AlertReceiver:      r.choice("alertReceiver", alertNone, string(monitoring.ReceiverSlack), string(monitoring.ReceiverDiscord), string(monitoring.ReceiverWebhook)),
		AlertLanguage:      r.choice("alertLanguage", languageEnglish, languageKorean),
		AlertChannel:       r.optional("alertChannel"),
		GitRepository:      r.optional("gitRepository"),
		GitKnownHosts:      r.optional("gitKnownHosts"),
		GitPath:            r.optional("gitPath"),
		GitRevision:        r.text("gitRevision"),
	}
	heartbeat, _ := r.Get("heartbeatUrl")
	s.Heartbeat = heartbeat != ""
	var err error
	s.Nodes, err = topologyWith(stack, r.pairs("moreNodes"), r.pairs("instanceTypes"))
	r.problems.Include("", err)
	s.Autoscale = readAutoscale(r)
	s.Sleep = readSleep(r, s.DeletionProtection)
	s.applyBuying(r)
	r.growDisks(s.Nodes)
	r.secret("openaiApiKey")
	r.secret("kakaoApiKey")
	if s.AlertReceiver != alertNone {
		r.secret("alertUrl")
	} else {
		r.unusedSecret("alertUrl")
	}
	r.unusedSecret("heartbeatUrl")
	r.checkAddress("alertUrl", "https://hooks.slack.com/services/…")
	r.checkAddress("heartbeatUrl", "https://hc-ping.com/…")
	if s.RegistryUsername != "" {
		r.secret("registryPassword")
	} else {
		r.unusedSecret("registryPassword")
	}
	s.validate(r)
	if problems := r.problems.List(); len(problems) > 0 {
		return nil, fmt.Errorf("stack %q has %d invalid settings; nothing was created:\n  - %s",
			stack, len(problems), strings.ReplaceAll(r.problems.Err().Error(), "\n", "\n  - "))
	}
	return s, nil
}

// ClusterName returns the prefix of all names in AWS, e.g. growbin-dev.
func (s *Settings) ClusterName() string { return "growbin-" + s.Stack }

// Image returns the reference of an application's image.
func (s *Settings) Image(application string) string {
	tag, ok := s.ImageTags[application]
	if !ok {
		tag = s.ImageTag
	}
	return s.ImageRegistry + "/" + application + ":" + tag
}
