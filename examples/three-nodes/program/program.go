// Package program deploys three nodes and one Deployment.
package program

import (
	"fmt"

	apps "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/growbin/cluster/components/cluster"
	"github.com/growbin/cluster/components/network"
)

// Deploy is the Pulumi program.
func Deploy(ctx *pulumi.Context) error {
	c, err := cluster.NewCluster(ctx, "three-nodes", &cluster.ClusterArgs{
		Network:      network.VpcArgs{Region: "ap-northeast-2", Zones: []string{"ap-northeast-2a", "ap-northeast-2b"}},
		APIServerURL: fmt.Sprintf("https://127.0.0.1:%d", config.RequireInt(ctx, "three-nodes:apiTunnelPort")),
		Nodes: []cluster.Node{
			{Name: "control-plane", Role: cluster.RoleControlPlane, DataGiB: 10},
			{Name: "web-a", Zone: "ap-northeast-2a", Labels: map[string]string{"workload": "web"}},
			{Name: "web-b", Zone: "ap-northeast-2b", Labels: map[string]string{"workload": "web"}},
		},
	})
	if err != nil {
		return err
	}
	provider, err := c.NewKubernetesProvider(ctx, "three-nodes")
	if err != nil {
		return err
	}
	platform, err := cluster.NewPlatform(ctx, "three-nodes", &cluster.PlatformArgs{Cluster: c}, c.Contents(provider))
	if err != nil {
		return err
	}
	ctx.Export("kubeconfig", c.Kubeconfig)
	labels := pulumi.StringMap{"app.kubernetes.io/name": pulumi.String("web")}
	_, err = apps.NewDeployment(ctx, "web", &apps.DeploymentArgs{Spec: apps.DeploymentSpecArgs{
		Replicas: pulumi.Int(2), Selector: meta.LabelSelectorArgs{MatchLabels: labels},
		Template: core.PodTemplateSpecArgs{Metadata: meta.ObjectMetaArgs{Labels: labels}, Spec: core.PodSpecArgs{
			NodeSelector: pulumi.StringMap{"workload": pulumi.String("web")},
			Containers:   core.ContainerArray{core.ContainerArgs{Name: pulumi.String("web"), Image: pulumi.String("nginx:1.29")}},
		}},
	}}, c.Contents(provider), platform.Ready("web-a", "web-b"))
	return err
}
