// Package calico installs Calico as a cluster's pod network: VXLAN between all nodes, no BGP.
//
// Nodes are not ready before their pod network is, and a node that is not ready is tainted (node.kubernetes.io/not-ready),
// so the pod network itself must start on tainted nodes: the operator runs on the host's network and tolerates every taint
// (a test checks the values), and it gives the same toleration to calico-node and to Typha, which run on the host's network,
// too. A node needs nothing else of Calico to become ready; calico-kube-controllers follows on the first ready node.
//
// The operator installs the definitions of Calico's kinds itself, at every start (chart value manageCRDs). A second chart of
// definitions would need a Helm release record of 0.95 MB in a Secret, which holds 1 MiB at most: the next version would not fit.
package calico

import (
	"cmp"
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	helmv3 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/helm/v3"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/chart"
)

const calicoType = "kubeadm-aws:calico:Calico"

const (
	operatorChart = "tigera-operator"
	// namespace is the operator's; it makes another, calico-system, itself.
	namespace = "tigera-operator"
)

// Chart is the operator's chart of a version of Calico; DefaultChartVersion when empty.
func Chart(version string) chart.Chart {
	return chart.Chart{Name: operatorChart, Version: cmp.Or(version, DefaultChartVersion), Repository: "https://docs.tigera.io/calico/charts"}
}

// Calico is an installed pod network.
type Calico struct {
	pulumi.ResourceState

	// Operator is the release of the operator.
	Operator *helmv3.Release `pulumi:"operator"`
	// ImageSet has the digests of the images; nil without digests.
	ImageSet *apiextensions.CustomResource `pulumi:"imageSet"`
	// Installation configures the network. Nodes become ready some seconds after it; resources that need the pod network
	// should depend on the component.
	Installation *apiextensions.CustomResource `pulumi:"installation"`
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
	values, err := toMap(operatorValues(args))
	if err != nil {
		return err
	}
	// The network ends with the instances. Uninstalling it needs a Job on a working node, and would block a destroy when
	// there is none.
	retained := pulumi.RetainOnDelete(true)
	release := &helmv3.ReleaseArgs{
		Name:            pulumi.String(operatorChart),
		Namespace:       pulumi.String(namespace),
		CreateNamespace: pulumi.Bool(true),
		Values:          pulumi.ToMap(values),
		MaxHistory:      pulumi.Int(3),
		// Seconds; the first node pulls an image.
		Timeout: pulumi.Int(600),
	}
	if err := Chart(args.ChartVersion).Source(args.ChartFolder, release); err != nil {
		return err
	}
	if c.Operator, err = helmv3.NewRelease(ctx, name+"-operator", release, pulumi.Parent(c), retained); err != nil {
		return fmt.Errorf("install chart %s %s: %w", operatorChart, args.ChartVersion, err)
	}
	before := []pulumi.Resource{c.Operator}
	if len(args.Digests) > 0 {
		if c.ImageSet, err = newImageSet(ctx, name, args, pulumi.Parent(c), pulumi.DependsOn(before)); err != nil {
			return err
		}
		before = append(before, c.ImageSet)
	}
	spec, err := toMap(installationFor(args))
	if err != nil {
		return err
	}
	// The provider tries again for half a minute while the API server does not know the kind yet: the operator defines it
	// in the first seconds.
	c.Installation, err = apiextensions.NewCustomResource(ctx, name+"-installation", &apiextensions.CustomResourceArgs{
		ApiVersion:  pulumi.String("operator.tigera.io/v1"),
		Kind:        pulumi.String("Installation"),
		Metadata:    &meta.ObjectMetaArgs{Name: pulumi.String("default")}, // the operator reads no other
		OtherFields: map[string]any{"spec": spec},
	}, pulumi.Parent(c), retained, pulumi.DependsOn(before))
	if err != nil {
		return fmt.Errorf("create the Installation: %w", err)
	}
	return nil
}
