package stacks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/argocd"
	"github.com/growbin/cluster/components/cluster"
	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/components/namespace"
)

const namespaceArgoCD = "argocd"

// ArgoCDNamespace is the namespace of Argo CD, RootApplication its Application of gitPath.
const (
	ArgoCDNamespace = namespaceArgoCD
	RootApplication = "root"
)

// GitTokenUser is the name that GitHub expects beside a token; GitLab and Gitea accept any.
const GitTokenUser = "x-access-token"

// platform holds the pod network, the node roles and the storage class, which all workloads depend on.
type platform struct {
	*cluster.Platform
	// inCluster is the option of everything in the cluster.
	inCluster pulumi.ResourceOption
	class     *localvolume.Class
	// deployed are known once the Deployments of the applications have been updated.
	deployed []any
}

// newPlatform installs the pod network, labels the nodes with their roles and creates the class of their disks.
func newPlatform(ctx *pulumi.Context, s *Settings, i *infrastructure) (*platform, error) {
	p := &platform{inCluster: i.Contents(i.kubernetes)}
	var err error
	if p.Platform, err = cluster.NewPlatform(ctx, s.ClusterName(), &cluster.PlatformArgs{
		Cluster: i.Cluster, ChartFolder: chartFolder, CalicoOperatorTag: s.pinnedTag(s.chartImages.operator), CalicoDigests: s.networkDigests(),
	}, p.inCluster); err != nil {
		return nil, err
	}
	if p.class, err = localvolume.NewClass(ctx, storageClass, &localvolume.ClassArgs{Name: storageClass}, p.inCluster); err != nil {
		return nil, err
	}
	return p, nil
}

// deployArgoCD installs Argo CD on the control plane.
func deployArgoCD(ctx *pulumi.Context, s *Settings, p *platform) (*argocd.ArgoCD, error) {
	// All pods of the chart but Redis' init Job meet the restricted level.
	space, err := s.newNamespace(ctx, namespaceArgoCD, &namespace.NamespaceArgs{PodSecurity: namespace.Baseline}, p.inCluster)
	if err != nil {
		return nil, err
	}
	node := ControlPlane(s.Nodes)
	args := &argocd.ArgoCDArgs{
		Namespace: space.Name, NodeSelector: node.Labels, Tolerations: node.Tolerations(), OwnNetworkPolicies: true,
		Domain: s.hostName(hostArgoCD), ChartFolder: chartFolder,
		ImageTag: s.pinnedTag(s.chartImages.argoCD), RedisImageTag: s.pinnedTag(s.chartImages.argoCDRedis),
	}
	if args.Domain != "" {
		args.NodePort = argoCDNodePort
	}
	if s.GitRepository != "" {
		args.Repository = &argocd.Repository{URL: s.GitRepository, Password: s.GitToken, SSHKey: s.GitDeployKey, KnownHosts: s.GitKnownHosts}
		if s.GitToken != nil {
			args.Repository.Username = GitTokenUser
		}
		if s.GitPath != "" {
			args.Root = &argocd.Application{
				Name: RootApplication, Path: s.GitPath, Revision: s.GitRevision, Namespace: namespaceApplications,
			}
		}
	}
	return argocd.NewArgoCD(ctx, "argocd", args, p.inCluster, p.Ready(node.Name))
}
