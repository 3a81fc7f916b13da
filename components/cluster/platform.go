package cluster

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/calico"
	"github.com/growbin/cluster/components/nodelabels"
	"github.com/growbin/cluster/components/noderole"
	"github.com/growbin/cluster/components/validation"
)

const platformTypeToken = "kubeadm-aws:cluster:Platform"

// PlatformArgs describes the pod network and the node roles of a cluster.
type PlatformArgs struct {
	// Cluster is the cluster to install into; the Kubernetes provider given as an option must be one for it.
	Cluster *Cluster `pulumi:"cluster"`
	// CalicoVersion is the version of Calico's chart; calico.DefaultChartVersion when empty.
	CalicoVersion string `pulumi:"calicoVersion"`
	// ChartFolder is a folder of chart archives, relative to the program; optional. Without an archive of Calico's chart
	// there, its repository is asked.
	ChartFolder string `pulumi:"chartFolder"`
	// CalicoOperatorTag and CalicoDigests are OperatorTag and Digests of Calico; optional.
	CalicoOperatorTag string            `pulumi:"calicoOperatorTag"`
	CalicoDigests     map[string]string `pulumi:"calicoDigests"`
}

// Platform is the pod network of a cluster, and a label on each node that has joined.
type Platform struct {
	pulumi.ResourceState

	network *calico.Calico
	joined  map[string]*noderole.NodeRole
}

// NewPlatform installs Calico, keeps nodes from changing their labels, and labels each node with its role once it has joined. It needs the option Cluster.Contents.
func NewPlatform(ctx *pulumi.Context, name string, args *PlatformArgs, opts ...pulumi.ResourceOption) (*Platform, error) {
	if args == nil || args.Cluster == nil {
		var problems validation.Problems
		problems.NotSet("Cluster", "must be the cluster to install into")
		return nil, fmt.Errorf("platform %s: %w", name, problems.Err())
	}
	p := &Platform{joined: map[string]*noderole.NodeRole{}}
	if err := ctx.RegisterComponentResource(platformTypeToken, name, p, opts...); err != nil {
		return nil, fmt.Errorf("platform %s: %w", name, err)
	}
	var err error
	if p.network, err = calico.NewCalico(ctx, name+"-calico", &calico.CalicoArgs{
		PodCIDR: args.Cluster.args.PodCIDR, ChartVersion: args.CalicoVersion, ChartFolder: args.ChartFolder,
		OperatorTag: args.CalicoOperatorTag, Digests: args.CalicoDigests,
	}, pulumi.Parent(p)); err != nil {
		return nil, fmt.Errorf("platform %s: %w", name, err)
	}
	if _, err := nodelabels.NewGuard(ctx, name+"-node-labels", pulumi.Parent(p)); err != nil {
		return nil, fmt.Errorf("platform %s: %w", name, err)
	}
	for _, n := range args.Cluster.args.Nodes {
		if p.joined[n.Name], err = noderole.NewNodeRole(ctx, n.Name, &noderole.NodeRoleArgs{
			Node: n.Name, Role: n.Role, InstanceID: args.Cluster.Joined(n.Name),
			// The component, not only the EC2 instance: pods on the node must be destroyed before its volume is detached. And the pod
			// network: nodes that wait for it could take all the operations that Pulumi runs at once.
		}, pulumi.Parent(p), pulumi.DependsOn([]pulumi.Resource{args.Cluster.Instances[n.Name], p.network})); err != nil {
			return nil, fmt.Errorf("platform %s: %w", name, err)
		}
	}
	if err := ctx.RegisterResourceOutputs(p, pulumi.Map{}); err != nil {
		return nil, fmt.Errorf("platform %s: outputs: %w", name, err)
	}
	return p, nil
}

// Joined resolves to the names of all nodes once they have joined.
func (p *Platform) Joined() pulumi.StringArrayOutput {
	var names pulumi.StringArray
	for _, name := range slices.Sorted(maps.Keys(p.joined)) {
		names = append(names, p.joined[name].NodeName)
	}
	return names.ToStringArrayOutput()
}

// Ready makes a resource depend on the pod network and on the named nodes having joined.
func (p *Platform) Ready(nodes ...string) pulumi.ResourceOption {
	dependencies := []pulumi.Resource{p.network}
	for _, name := range nodes {
		dependencies = append(dependencies, p.joined[name])
	}
	return pulumi.DependsOn(dependencies)
}
