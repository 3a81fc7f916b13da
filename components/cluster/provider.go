package cluster

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// NewKubernetesProvider creates a Kubernetes provider for the cluster. It is not part of the component: the program creates
// it, and gives it with Contents to the resources that belong in the cluster.
func (c *Cluster) NewKubernetesProvider(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) (*kubernetes.Provider, error) {
	provider, err := kubernetes.NewProvider(ctx, name, &kubernetes.ProviderArgs{
		Kubeconfig: c.Kubeconfig,
		// Without a stable identity a renewed kubeconfig would replace everything in the cluster.
		ClusterIdentifier: pulumi.String(c.name),
		// No deleteUnreachable: a refresh that meets a closed tunnel would forget every object in the cluster.
	}, append(opts, pulumi.DependsOn([]pulumi.Resource{c.kubeconfig}))...)
	if err != nil {
		return nil, fmt.Errorf("configure Kubernetes provider %s: %w", name, err)
	}
	return provider, nil
}

// Contents is the option for all resources in the cluster, given to components and inherited by their children. They use the
// provider, and they are deleted with the VPC: a destroy needs no API server, so it ends without a control plane and with dead
// workers. The VPC is never replaced without the cluster; an instance is, and objects would be left behind.
func (c *Cluster) Contents(provider *kubernetes.Provider) pulumi.ResourceOption {
	anchor := func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		if !strings.HasPrefix(args.Type, "kubernetes:") {
			return nil
		}
		return &pulumi.ResourceTransformationResult{Props: args.Props, Opts: append(args.Opts, pulumi.DeletedWith(c.Vpc.Resource))}
	}
	return pulumi.Composite(pulumi.Provider(provider), pulumi.Transformations([]pulumi.ResourceTransformation{anchor}))
}
