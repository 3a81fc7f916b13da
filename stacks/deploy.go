// Package stacks is what Growbin deploys: its settings, its nodes, its workloads and the order of things. All that is
// Growbin's stands here; the components know nothing of it.
package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/cluster"
	"github.com/growbin/cluster/components/kubeadm"
)

// ImageParameter is the SSM parameter in which Canonical publishes its current Ubuntu 24.04 image.
const ImageParameter = cluster.UbuntuImageParameter

// Deploy is the Pulumi program.
func Deploy(ctx *pulumi.Context) error { return DeployFrom(kubeadm.Sources{})(ctx) }

// DeployFrom is the program with other addresses for its machines to fetch from: those of a lab, for example. It is no
// setting, because no stack of ours has a mirror.
func DeployFrom(sources kubeadm.Sources) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		outputs, err := build(ctx, sources)
		if err != nil {
			return err
		}
		for name, value := range outputs {
			ctx.Export(name, value)
		}
		return nil
	}
}

// build checks everything that can be checked, then builds the machines, then what runs on them. It returns the
// stack's outputs.
func build(ctx *pulumi.Context, sources kubeadm.Sources) (pulumi.Map, error) {
	settings, err := LoadSettings(ctx)
	if err != nil {
		return nil, err
	}
	settings.Sources = sources
	return buildWith(ctx, settings)
}

func buildWith(ctx *pulumi.Context, settings *Settings) (pulumi.Map, error) {
	provider, err := awsProvider(ctx, settings)
	if err != nil {
		return nil, err
	}
	image, err := preflight(ctx, settings, provider)
	if err != nil {
		return nil, err
	}
	infra, err := newInfrastructure(ctx, settings, image, provider)
	if err != nil {
		return nil, err
	}
	if err := deployWorkloads(ctx, settings, infra); err != nil {
		return nil, err
	}
	return outputs(settings, infra), nil
}

// tags mark everything of the stack.
func (s *Settings) tags() map[string]string {
	return map[string]string{clusterTag: s.ClusterName(), "Stack": s.Stack, "ManagedBy": "pulumi"}
}

// awsProvider tags everything it creates, so that the bill and the console tell whose it is.
func awsProvider(ctx *pulumi.Context, s *Settings) (*aws.Provider, error) {
	provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{
		Region:      pulumi.String(s.Region),
		DefaultTags: &aws.ProviderDefaultTagsArgs{Tags: pulumi.ToStringMap(s.tags())},
	})
	if err != nil {
		return nil, fmt.Errorf("configure AWS: %w", err)
	}
	return provider, nil
}

// preflight asks AWS, before anything is created, for what would otherwise fail half-way, and returns the machine image.
func preflight(ctx *pulumi.Context, s *Settings, provider *aws.Provider) (image string, err error) {
	via := pulumi.Provider(provider)
	if err := checkQuota(ctx, s, via); err != nil {
		return "", err
	}
	if s.SSHKeyName != "" {
		if _, err := ec2.LookupKeyPair(ctx, &ec2.LookupKeyPairArgs{KeyName: pulumi.StringRef(s.SSHKeyName)}, via); err != nil {
			return "", fmt.Errorf("%ssshKeyName is %q, which %s does not have; import it there, or leave the setting out to use Session Manager: %w",
				ConfigPrefix, s.SSHKeyName, s.Region, err)
		}
	}
	return lookupImage(ctx, s, via)
}
