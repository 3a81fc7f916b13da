package stacks

import (
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/components/network"
)

// ConfigPrefix is the namespace of the settings in Pulumi.yaml, which holds their types, defaults and descriptions.
const ConfigPrefix = "growbin:"

// APIAccess says how the program reaches the API server.
type APIAccess string

// The ways to the API server.
const (
	// AccessDirect connects to the control plane's public address, from an address in adminCidrs.
	AccessDirect APIAccess = "direct"
	// AccessSessionManager connects to a local port that growbin tunnel forwards.
	AccessSessionManager APIAccess = "sessionManager"
)

// alertNone shows alerts in Alertmanager and sends them nowhere.
const alertNone = "none"

// Settings are the dials of one stack. Each field is the setting of the same name in Pulumi.yaml.
type Settings struct {
	// Stack is the name of the Pulumi stack.
	Stack string

	Region             string
	AvailabilityZones  []string
	VpcCIDR            string
	PublicSubnetCIDRs  []string
	PrivateSubnetCIDRs []string
	NATGateways        network.NATMode
	NodeSubnets        string
	PodCIDR            string
	ServiceCIDR        string

	AdminCIDRs    []string
	APIAccess     APIAccess
	APITunnelPort int
	SSHKeyName    string

	KubernetesVersion  string
	MachineImage       string
	RollNodes          []string
	SurgeNodes         []string
	UnprotectedNodes   []string
	BootTimeout        time.Duration
	DeletionProtection bool

	ImageRegistry    string
	ImageTag         string
	ImageTags        map[string]string
	RegistryUsername string
	LogLevel         string

	BackupKeepDays     int
	EtcdBackupKeepDays int
	AlertReceiver      string
	AlertChannel       string
	GitRepository      string
	GitPath            string
	GitRevision        string

	// Nodes is the topology with the stack's instance types.
	Nodes []Node

	// Sources are where machines fetch from when it is not the public addresses; no setting, see DeployFrom.
	Sources kubeadm.Sources

	// Secrets, which are never printed.
	RegistryPassword, OpenAIAPIKey, KakaoAPIKey, AlertURL pulumi.StringOutput
}

// LoadSettings reads and checks all settings. Its error lists every problem with its key, its value and what would be right.
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
	settings.OpenAIAPIKey = cfg.GetSecret("openaiApiKey")
	settings.KakaoAPIKey = cfg.GetSecret("kakaoApiKey")
	settings.AlertURL = cfg.GetSecret("alertUrl")
	return settings, nil
}

// Source is where settings come from, by key without the project's prefix.
type Source struct {
	// Get returns a setting as Pulumi stores it, lists as JSON.
	Get func(key string) (string, bool)
	// IsSecret tells whether a setting is encrypted in the stack's file.
	IsSecret func(key string) bool
}

// DecodeSettings decodes and checks everything but the values of the secrets.
func DecodeSettings(stack string, from Source) (*Settings, error) {
	r := &reader{Source: from}
	s := &Settings{
		Stack: stack,

		Region:             r.text("region"),
		AvailabilityZones:  r.list("availabilityZones"),
		VpcCIDR:            r.text("vpcCidr"),
		PublicSubnetCIDRs:  r.list("publicSubnetCidrs"),
		PrivateSubnetCIDRs: r.list("privateSubnetCidrs"),
		NATGateways:        network.NATMode(r.text("natGateways")),
		NodeSubnets:        r.choice("nodeSubnets", "public", "private"),
		PodCIDR:            r.text("podCidr"),
		ServiceCIDR:        r.text("serviceCidr"),

		AdminCIDRs:    r.list("adminCidrs"),
		APIAccess:     APIAccess(r.choice("apiAccess", string(AccessDirect), string(AccessSessionManager))),
		APITunnelPort: r.integer("apiTunnelPort"),
		SSHKeyName:    r.optional("sshKeyName"),

		KubernetesVersion:  r.text("kubernetesVersion"),
		MachineImage:       r.optional("machineImage"),
		RollNodes:          r.list("rollNodes"),
		SurgeNodes:         r.list("surgeNodes"),
		UnprotectedNodes:   r.list("unprotectedNodes"),
		BootTimeout:        time.Duration(r.integer("bootTimeoutMinutes")) * time.Minute,
		DeletionProtection: r.boolean("deletionProtection"),

		ImageRegistry:    r.text("imageRegistry"),
		ImageTag:         r.text("imageTag"),
		ImageTags:        r.pairs("imageTags"),
		RegistryUsername: r.optional("registryUsername"),
		LogLevel:         r.choice("logLevel", "debug", "info", "warning", "error"),

		BackupKeepDays:     r.integer("backupKeepDays"),
		EtcdBackupKeepDays: r.integer("etcdBackupKeepDays"),
		AlertReceiver:      r.choice("alertReceiver", alertNone, string(monitoring.ReceiverSlack), string(monitoring.ReceiverWebhook)),
		AlertChannel:       r.optional("alertChannel"),
		GitRepository:      r.optional("gitRepository"),
		GitPath:            r.optional("gitPath"),
		GitRevision:        r.text("gitRevision"),
	}
	var err error
	if s.Nodes, err = Topology(r.pairs("instanceTypes")); err != nil {
		r.problems = append(r.problems, err)
	}
	r.secret("openaiApiKey", "a key of the OpenAI API")
	r.secret("kakaoApiKey", "a key of the Kakao Map API")
	if s.AlertReceiver != alertNone {
		r.secret("alertUrl", "the address of alertReceiver")
	}
	if s.RegistryUsername != "" {
		r.secret("registryPassword", "the password of registryUsername")
	}
	s.validate(r)
	if problems := r.all(); len(problems) > 0 {
		return nil, fmt.Errorf("stack %q has %d wrong settings; nothing was created:\n  - %s",
			stack, len(problems), strings.Join(problems, "\n  - "))
	}
	return s, nil
}

// ClusterName names the cluster in AWS: every taggable name starts with it.
func (s *Settings) ClusterName() string { return "growbin-" + s.Stack }

// Image is the reference of an application's image in this stack.
func (s *Settings) Image(application string) string {
	tag, ok := s.ImageTags[application]
	if !ok {
		tag = s.ImageTag
	}
	return s.ImageRegistry + "/" + application + ":" + tag
}
