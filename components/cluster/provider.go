package cluster

import (
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// NewKubernetesProvider creates a Kubernetes provider for the cluster. It is not part of the component: the program creates
// it, and gives it to the resources that belong in the cluster.
func (c *Cluster) NewKubernetesProvider(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) (*kubernetes.Provider, error) {
	provider, err := kubernetes.NewProvider(ctx, name, &kubernetes.ProviderArgs{
		Kubeconfig: c.Kubeconfig,
		// Without a stable identity a renewed kubeconfig would replace everything in the cluster.
		ClusterIdentifier: pulumi.String(c.name),
		// A cluster that is gone for good must not block the destruction of the rest, unless its content is protected.
		DeleteUnreachable: pulumi.Bool(!c.args.DeletionProtection),
	}, append(opts, pulumi.DependsOn([]pulumi.Resource{c.kubeconfig}))...)
	if err != nil {
		return nil, fmt.Errorf("configure Kubernetes provider %s: %w", name, err)
	}
	return provider, nil
}
