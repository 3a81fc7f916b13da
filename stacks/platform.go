package stacks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/argocd"
	"github.com/growbin/cluster/components/calico"
	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/components/namespace"
	"github.com/growbin/cluster/components/noderole"
)

const namespaceArgoCD = "argocd"

// platform is what everything else in the cluster stands on.
type platform struct {
	// inCluster sends a resource to the cluster's API server.
	inCluster pulumi.ResourceOption
	network   *calico.Calico
	class     *localvolume.Class
	// joined holds, by node name, what stands once the node has joined.
	joined map[string]pulumi.Resource
}

// newPlatform installs the pod network, shows the nodes' roles and makes the class of their disks.
func newPlatform(ctx *pulumi.Context, s *Settings, c *cluster) (*platform, error) {
	p := &platform{inCluster: pulumi.Provider(c.kubernetes), joined: map[string]pulumi.Resource{}}
	var err error
	if p.network, err = calico.NewCalico(ctx, "calico", &calico.CalicoArgs{PodCIDR: s.PodCIDR}, p.inCluster); err != nil {
		return nil, err
	}
	if p.class, err = localvolume.NewClass(ctx, storageClass, &localvolume.ClassArgs{Name: storageClass}, p.inCluster); err != nil {
		return nil, err
	}
	for _, n := range s.machines() {
		machine := c.nodes[n.Name]
		if p.joined[n.Name], err = noderole.NewNodeRole(ctx, n.Name, &noderole.NodeRoleArgs{
			Node: n.Name, Role: string(n.Role), InstanceID: c.kubeconfig.Joined(n.Name, machine.InstanceID),
			// The whole machine, its volumes too: what runs on the node is destroyed before them.
		}, p.inCluster, pulumi.DependsOn([]pulumi.Resource{machine})); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// after makes a resource wait until the pod network stands and the nodes have joined.
func (p *platform) after(nodes ...string) pulumi.ResourceOption {
	wait := []pulumi.Resource{p.network}
	for _, name := range nodes {
		wait = append(wait, p.joined[name])
	}
	return pulumi.DependsOn(wait)
}

// deployArgoCD installs Argo CD on the control plane.
func deployArgoCD(ctx *pulumi.Context, s *Settings, p *platform) error {
	// The chart's pods meet the restricted level but for Redis' init job.
	space, err := namespace.NewNamespace(ctx, namespaceArgoCD, &namespace.NamespaceArgs{PodSecurity: namespace.Baseline}, p.inCluster)
	if err != nil {
		return err
	}
	node := ControlPlane(s.Nodes)
	args := &argocd.ArgoCDArgs{Namespace: space.Name, NodeSelector: node.Labels, Tolerations: node.Tolerations()}
	if s.GitRepository != "" {
		args.Repository = &argocd.Repository{URL: s.GitRepository}
		if s.GitPath != "" {
			args.Root = &argocd.Application{
				Name: "root", Path: s.GitPath, Revision: s.GitRevision, Namespace: namespaceApplications,
			}
		}
	}
	_, err = argocd.NewArgoCD(ctx, "argocd", args, p.inCluster, p.after(node.Name))
	return err
}
