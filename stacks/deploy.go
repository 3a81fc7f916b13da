// Package stacks deploys Growbin: the tables of nodes, applications, queues, databases and alerts, the settings of a stack, and
// the wiring of the components. Everything specific to Growbin is here; the components are generic.
package stacks

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/argocd"
	"github.com/growbin/cluster/components/cluster"
	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/components/validation"
	"github.com/growbin/cluster/internal/tunnel"
)

// ImageParameter is the name of the SSM parameter with Canonical's current Ubuntu 24.04 AMI.
const ImageParameter = cluster.UbuntuImageParameter

// Main runs the Pulumi program, or the tunnel that it has started as a second process of itself.
func Main() {
	if !tunnel.Background() {
		pulumi.Run(Deploy)
	}
}

// Deploy is the Pulumi program.
func Deploy(ctx *pulumi.Context) error { return deployFrom(kubeadm.Sources{}, projectFolder)(ctx) }

// DeployFrom returns the program with other addresses for its instances to download from, e.g. those of a lab. Those
// that a stack can have are settings. A lab has images of its own, so those of the program are deployed by their tags.
func DeployFrom(sources kubeadm.Sources) pulumi.RunFunc { return deployFrom(sources, "") }

// deployFrom takes the digests of images from the project's folder; from none if it is empty.
func deployFrom(sources kubeadm.Sources, dir string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		settings, err := LoadSettings(ctx)
		if err != nil {
			return err
		}
		api := newAPIServer(settings)
		if err := errors.Join(api.checkAccess(ctx.Context(), settings), api.removeKubeconfigs(settings)); err != nil {
			return err
		}
		if dir != "" {
			if err := lockImages(ctx, settings, dir); err != nil {
				return err
			}
		}
		settings.Sources = sources
		settings.Packages = packageVersions
		settings.Connect = func(ctx context.Context, server string) error { return api.connect(ctx, settings, server) }
		outputs, err := build(ctx, settings)
		if err != nil {
			return err
		}
		for name, value := range outputs {
			ctx.Export(name, value)
		}
		return nil
	}
}

// build validates everything that can be validated, then creates the instances, then the workloads. It returns the outputs.
func build(ctx *pulumi.Context, settings *Settings) (pulumi.Map, error) {
	// First of all: once a resource is registered, the engine may be writing the state that this reads.
	deployed, err := lastCost(ctx)
	if err != nil {
		return nil, err
	}
	if err := checkCharts(chartFolder); err != nil {
		return nil, err
	}
	who, err := caller(ctx, settings)
	if err != nil {
		return nil, err
	}
	number := who.account
	if err := settings.rememberAccount(ctx, number); err != nil {
		return nil, err
	}
	if who.deployer, err = settings.rememberDeployer(ctx, who); err != nil {
		return nil, err
	}
	resources, err := registered(ctx.Context(), settings)
	if err != nil {
		return nil, err
	}
	controllers, err := controllersOf(resources)
	if err != nil {
		return nil, err
	}
	if err := settings.checkFit(controllers); err != nil {
		return nil, err
	}
	if settings.quotas, err = settings.quotasOf(controllers); err != nil {
		return nil, err
	}
	live, err := livePrices(ctx, settings, number)
	if err != nil {
		return nil, err
	}
	table, err := reportCost(ctx, settings, resources, deployed, live)
	if err != nil {
		return nil, err
	}
	provider, err := awsProvider(ctx, settings, number)
	if err != nil {
		return nil, err
	}
	found, err := preflight(ctx, settings, provider)
	if err != nil {
		return nil, err
	}
	found.identity = who
	out, err := deployStack(ctx, settings, found, provider)
	if err != nil {
		return nil, err
	}
	out[OutputMonthlyCost] = costOutput(table)
	return out, nil
}

// deployStack creates everything and returns the outputs of it. An estimate runs it without a provider of its own.
func deployStack(ctx *pulumi.Context, settings *Settings, live *liveAccount, provider *aws.Provider) (pulumi.Map, error) {
	if err := settings.limitRoles(ctx); err != nil {
		return nil, err
	}
	infra, err := newInfrastructure(ctx, settings, live, provider)
	if err != nil {
		return nil, err
	}
	if err := settings.keepVolumes(ctx, live.volumes, infra.Cluster); err != nil {
		return nil, err
	}
	if err := newSnapshots(ctx, settings, provider); err != nil {
		return nil, err
	}
	if err := newBudget(ctx, settings, provider); err != nil {
		return nil, err
	}
	if err := newStatusAlarms(ctx, settings, infra, provider); err != nil {
		return nil, err
	}
	p, err := newPlatform(ctx, settings, infra)
	if err != nil {
		return nil, err
	}
	logins, err := deployWorkloads(ctx, settings, infra, p)
	if err != nil {
		return nil, err
	}
	// After the alarm of the heartbeat, which is silent during a sleep, too.
	if err := newSleep(ctx, settings, infra, provider); err != nil {
		return nil, err
	}
	out := outputs(settings, infra, logins)
	// As an output, it is awaited, and its failure fails the update before an instance is deleted.
	out[OutputRemovedNodes] = removeFormerNodes(ctx, settings, infra, p)
	return out, nil
}

// logins are the users for people by service.
type logins map[string]login

// login is a generated user.
type login struct{ user, password pulumi.StringInput }

// deployWorkloads deploys everything in the cluster: the platform, the stores, the applications, monitoring and Argo CD.
func deployWorkloads(ctx *pulumi.Context, s *Settings, c *infrastructure, p *platform) (logins, error) {
	var operator pulumi.StringInput
	var watch *monitoring.Monitoring
	var gitops *argocd.ArgoCD
	if err := together(func() error {
		stores, err := newStores(ctx, s, c, p)
		if err != nil {
			return err
		}
		if operator, err = stores.broker.Password(brokerOperator); err != nil {
			return err
		}
		return together(
			func() error { return deployApplications(ctx, s, c, p, stores) },
			func() (err error) {
				watch, err = deployMonitoring(ctx, s, c, p, stores)
				return err
			},
		)
	}, func() (err error) {
		gitops, err = deployArgoCD(ctx, s, p)
		return err
	}); err != nil {
		return nil, err
	}
	return logins{
		"rabbitmq": {pulumi.String(brokerOperator), operator}, "grafana": {watch.GrafanaUser, watch.GrafanaPassword},
		"argocd": {gitops.AdminUser, gitops.AdminPassword},
	}, nil
}

// tags returns the tags of all AWS resources of the stack.
func (s *Settings) tags() map[string]string {
	return map[string]string{clusterTag: s.ClusterName(), "Stack": s.Stack, "ManagedBy": "pulumi"}
}

// awsProvider returns a provider that tags all resources, for the bill and the console. In another account it refuses to work,
// also in a refresh and a destroy: there all resources would be missing, and leave the state.
func awsProvider(ctx *pulumi.Context, s *Settings, account string) (*aws.Provider, error) {
	provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{
		Region:            pulumi.String(s.Region),
		AllowedAccountIds: pulumi.StringArray{pulumi.String(account)},
		DefaultTags:       &aws.ProviderDefaultTagsArgs{Tags: pulumi.ToStringMap(s.tags())},
	})
	if err != nil {
		return nil, fmt.Errorf("configure AWS: %w", err)
	}
	return provider, nil
}

// preflight checks volumes, instance types, packages, quotas, key pair, DNS zone and image in AWS before anything is created or changed.
func preflight(ctx *pulumi.Context, s *Settings, provider *aws.Provider) (*liveAccount, error) {
	via := pulumi.Provider(provider)
	if err := checkRollLock(ctx, s, via); err != nil {
		return nil, err
	}
	if err := checkAwake(ctx, s, via); err != nil {
		return nil, err
	}
	live, err := readAccount(ctx, s, via)
	if err != nil {
		return nil, err
	}
	if err := s.rememberCluster(ctx, live); err != nil {
		return nil, err
	}
	if err := s.checkVolumes(live.volumes); err != nil {
		return nil, err
	}
	if err := s.checkRestorable(ctx, live.restorable); err != nil {
		return nil, err
	}
	if err := checkDumps(ctx, s, live, via); err != nil {
		return nil, err
	}
	if err := checkOffered(ctx, s, via); err != nil {
		return nil, err
	}
	if err := checkPackages(ctx, s); err != nil {
		return nil, err
	}
	if err := checkQuotas(ctx, s, via); err != nil {
		return nil, err
	}
	if s.SSHKeyName != "" {
		if _, err := ec2.LookupKeyPair(ctx, &ec2.LookupKeyPairArgs{KeyName: pulumi.StringRef(s.SSHKeyName)}, via); err != nil {
			return nil, fmt.Errorf("%w: %w", validation.Problem{
				Field: ConfigPrefix + "sshKeyName", Value: s.SSHKeyName,
				Must: "must be an EC2 key pair in " + s.Region + "; import it there, or remove the setting to use Session Manager",
			}, err)
		}
	}
	if s.Domain != "" {
		zone := cmp.Or(s.HostedZone, s.Domain)
		if _, err := route53.LookupZone(ctx, &route53.LookupZoneArgs{Name: pulumi.StringRef(zone)}, via); err != nil {
			return nil, fmt.Errorf("%w: %w", validation.Problem{
				Field: ConfigPrefix + "hostedZone", Value: zone, Must: "must be a public Route 53 zone of this account that holds " + s.Domain,
			}, err)
		}
	}
	live.image, err = lookupImage(ctx, s, via)
	return live, err
}
