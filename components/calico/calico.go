// Package calico installs Calico as a cluster's pod network: VXLAN between all nodes, no BGP.
//
// Nodes are not ready before their pod network is, and a node that is not ready is tainted (node.kubernetes.io/not-ready),
// so the pod network itself must start on tainted nodes: the operator runs on the host's network and tolerates every taint
// (a test checks the values), and it gives the same toleration to calico-node and to Typha, which run on the host's network,
// too. A node needs nothing else of Calico to become ready; calico-kube-controllers follows on the first ready node.
package calico

import (
	"fmt"

	helmv3 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/helm/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const calicoType = "kubeadm-aws:calico:Calico"

const (
	repository    = "https://docs.tigera.io/calico/charts"
	crdChart      = "crd.projectcalico.org.v1"
	operatorChart = "tigera-operator"
	// namespace is the operator's; it makes another, calico-system, itself.
	namespace = "tigera-operator"
)

// Calico is an installed pod network.
type Calico struct {
	pulumi.ResourceState

	// Operator is the release of the operator. Nodes become ready some seconds after it; resources that need the pod network
	// should depend on it.
	Operator *helmv3.Release `pulumi:"operator"`
}

// NewCalico installs the network. A cluster has one.
func NewCalico(ctx *pulumi.Context, name string, args *CalicoArgs, opts ...pulumi.ResourceOption) (*Calico, error) {
	if args == nil {
		args = &CalicoArgs{}
	}
	settings := args.withDefaults()
	if err := settings.Validate(); err != nil {
		return nil, fmt.Errorf("calico %s: %w", name, err)
	}
	c := &Calico{}
	if err := ctx.RegisterComponentResource(calicoType, name, c, opts...); err != nil {
		return nil, fmt.Errorf("calico %s: %w", name, err)
	}
	if err := c.install(ctx, name, settings); err != nil {
		return nil, fmt.Errorf("calico %s: %w", name, err)
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"podCidr": pulumi.String(settings.PodCIDR)})
}

func (c *Calico) install(ctx *pulumi.Context, name string, args *CalicoArgs) error {
	values, err := valuesFor(args).toMap()
	if err != nil {
		return err
	}
	definitions, err := c.release(ctx, name+"-crds", crdChart, args.ChartVersion, nil)
	if err != nil {
		return err
	}
	// The chart holds custom resources that the first chart defines.
	c.Operator, err = c.release(ctx, name+"-operator", operatorChart, args.ChartVersion, pulumi.ToMap(values),
		pulumi.DependsOn([]pulumi.Resource{definitions}))
	return err
}

func (c *Calico) release(ctx *pulumi.Context, name, chart, version string, values pulumi.Map, opts ...pulumi.ResourceOption) (*helmv3.Release, error) {
	release, err := helmv3.NewRelease(ctx, name, &helmv3.ReleaseArgs{
		Name:            pulumi.String(chart),
		Namespace:       pulumi.String(namespace),
		CreateNamespace: pulumi.Bool(true),
		Chart:           pulumi.String(chart),
		Version:         pulumi.String(version),
		RepositoryOpts:  &helmv3.RepositoryOptsArgs{Repo: pulumi.String(repository)},
		Values:          values,
		MaxHistory:      pulumi.Int(3),
		// Seconds; the first node pulls an image.
		Timeout: pulumi.Int(600),
	}, append(opts, pulumi.Parent(c),
		// The network ends with the instances. Uninstalling it needs a Job on a working node, and would block a destroy
		// when there is none.
		pulumi.RetainOnDelete(true))...)
	if err != nil {
		return nil, fmt.Errorf("install chart %s %s: %w", chart, version, err)
	}
	return release, nil
}
