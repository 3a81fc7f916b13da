package stacks

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"

	"github.com/growbin/cluster/components/validation"
)

// fieldAccount names the AWS account among the facts of a stack.
const fieldAccount = "AWS account"

// Names of the resources that hold the facts. Those of a node have its name behind stashOfCluster.
const (
	stashOfAccount  = "built-with-account"
	stashOfDeployer = "built-with-deployer"
	stashOfCluster  = "built-with"
)

// caller returns the AWS account and the principal whose credentials are in use.
func caller(ctx *pulumi.Context, s *Settings) (identity, error) {
	// A provider of its own: that of the resources is bound to the account.
	provider, err := aws.NewProvider(ctx, "aws-account", &aws.ProviderArgs{Region: pulumi.String(s.Region)})
	if err != nil {
		return identity{}, fmt.Errorf("configure AWS: %w", err)
	}
	found, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{}, pulumi.Provider(provider))
	if err != nil {
		return identity{}, fmt.Errorf("read the AWS account: %w", err)
	}
	return identity{account: found.AccountId, caller: principalOf(found.Arn)}, nil
}

// accountFacts returns the place of a stack. Anywhere else AWS knows nothing of it.
func (s *Settings) accountFacts(account string) map[string]string {
	return map[string]string{fieldAccount: account, "stack": s.Stack, ConfigPrefix + "region": s.Region}
}

// clusterFacts returns the values with which a cluster is built for good. A change of one of them would replace the network
// under running machines, or leave one half of Kubernetes with the old value.
func (s *Settings) clusterFacts() map[string]string {
	list := func(values []string) string { return strings.Join(values, ", ") }
	facts := map[string]string{
		ConfigPrefix + "availabilityZones": list(s.AvailabilityZones),
		ConfigPrefix + "vpcCidr":           s.VpcCIDR,
		ConfigPrefix + "publicSubnetCidrs": list(s.PublicSubnetCIDRs),
		ConfigPrefix + "nodeSubnets":       s.NodeSubnets,
		ConfigPrefix + "podCidr":           s.PodCIDR,
		ConfigPrefix + "serviceCidr":       s.ServiceCIDR,
		"control plane":                    ControlPlane(s.Nodes).Name,
	}
	if s.NodeSubnets == subnetsPrivate {
		facts[ConfigPrefix+"privateSubnetCidrs"] = list(s.PrivateSubnetCIDRs)
	}
	return facts
}

// nodeFacts returns the values that a node has from its registration on. Kubelet sets labels and taint once, while pods would
// follow an edit at once.
func (s *Settings) nodeFacts(n Node) map[string]string {
	field := "topology." + n.Name
	facts := map[string]string{field + ".Labels": labelList(n.Labels), field + ".Dedicated": n.Dedicated}
	if n.Role == RoleControlPlane { // its address is in the configuration of every kubelet
		facts[field+".Zone"] = s.AvailabilityZones[n.Zone]
	}
	return facts
}

func labelList(labels map[string]string) string {
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		pairs = append(pairs, key+"="+labels[key])
	}
	return strings.Join(pairs, ", ")
}

// rememberAccount stores the account and the region in the state of the stack at the first update, and returns an error if they
// differ from those of then. It needs neither AWS nor a refresh, so it also holds for another account or region.
func (s *Settings) rememberAccount(ctx *pulumi.Context, account string) error {
	var problems validation.Problems
	if err := compareStash(ctx, &problems, stashOfAccount, s.accountFacts(account), true); err != nil {
		return err
	}
	return s.refuse("cannot change these while it lives", problems.Err())
}

// rememberCluster does the same with the values of the cluster once there is a VPC, and with those of a node unless its instance
// never was Ready: a first update that failed for a wrong value can be finished with the right one.
func (s *Settings) rememberCluster(ctx *pulumi.Context, live *liveAccount) error {
	var problems validation.Problems
	if err := compareStash(ctx, &problems, stashOfCluster, s.clusterFacts(), live.built); err != nil {
		return err
	}
	for _, n := range s.Nodes {
		if err := compareStash(ctx, &problems, stashOfCluster+"-"+n.Name, s.nodeFacts(n), live.built && !live.neverReady[n.Name]); err != nil {
			return err
		}
	}
	return s.refuse("cannot change these while it lives", problems.Err())
}

// compareStash adds the facts that differ from those that were stored first. Facts that do not bind yet are stored anew.
func compareStash(ctx *pulumi.Context, problems *validation.Problems, name string, facts map[string]string, binds bool) error {
	remembered, err := stash(ctx, name, facts, binds)
	if err != nil {
		return err
	}
	compareFacts(problems, remembered, facts)
	return nil
}

// stash returns the facts that were stored first.
func stash(ctx *pulumi.Context, name string, facts map[string]string, binds bool) (map[string]any, error) {
	// Facts that bind are stored once. Another caller is no change of the stack.
	option := pulumi.IgnoreChanges([]string{"input"})
	if !binds {
		option = pulumi.ReplaceOnChanges([]string{"input"})
	}
	stored, err := pulumi.NewStash(ctx, name, &pulumi.StashArgs{Input: pulumi.ToStringMap(facts)}, option)
	if err != nil {
		return nil, fmt.Errorf("remember the settings of the stack: %w", err)
	}
	// Awaited, since nothing may be changed before the comparison. It is known in a preview, too.
	first, err := internals.UnsafeAwaitOutput(ctx.Context(), stored.Output)
	if err != nil {
		return nil, fmt.Errorf("read the settings that the stack was built with: %w", err)
	}
	remembered, ok := first.Value.(map[string]any)
	if !first.Known || !ok {
		return nil, fmt.Errorf("read the settings that the stack was built with: %T is no map", first.Value)
	}
	return remembered, nil
}

// compareFacts ignores facts that only one side has, those of another version of the program.
func compareFacts(problems *validation.Problems, remembered map[string]any, facts map[string]string) {
	for _, field := range slices.Sorted(maps.Keys(facts)) {
		was, known := remembered[field].(string)
		switch now := facts[field]; {
		case !known || was == now:
		case field == fieldAccount:
			problems.Add(field, now, "must be %s, in which the stack was built: use its credentials, e.g. another AWS_PROFILE. "+
				"A stack that has built nothing forgets it by pulumi destroy", was)
		case strings.HasPrefix(field, "topology."):
			problems.Add(field, now, "must stay %q: a node has it from its registration on. Add a row with another name, "+
				"move applications and data there, then remove this row", was)
		default:
			problems.Add(field, now, "must stay %q, with which the stack was built: only a stack that is built anew can have another", was)
		}
	}
}
