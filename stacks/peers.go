package stacks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/argocd"
	"github.com/growbin/cluster/components/metricsserver"
	"github.com/growbin/cluster/components/namespace"
	"github.com/growbin/cluster/components/networkpolicy"
)

// newNamespace creates a namespace with its quota, and the policies that allow the flows of its pods and deny all others.
func (s *Settings) newNamespace(ctx *pulumi.Context, name string, args *namespace.NamespaceArgs, opts ...pulumi.ResourceOption) (*namespace.Namespace, error) {
	args.Quota = s.quotas[name]
	space, err := namespace.NewNamespace(ctx, name, args, opts...)
	if err != nil {
		return nil, err
	}
	peers, err := s.peers()
	if err != nil {
		return nil, err
	}
	_, err = networkpolicy.NewNetworkPolicies(ctx, name, &networkpolicy.NetworkPoliciesArgs{
		Namespace: space.Name, NamespaceName: name, Peers: peers, Flows: s.Flows(),
	}, opts...)
	return space, err
}

// peers returns the ends of all flows.
func (s *Settings) peers() ([]networkpolicy.Peer, error) {
	controlPlane, err := s.clusterArgs(&liveAccount{}).ControlPlaneIP()
	if err != nil {
		return nil, err
	}
	peers := []networkpolicy.Peer{
		{Name: peerDNS, Namespace: "kube-system", Labels: map[string]string{"k8s-app": "kube-dns"}},
		// A policy applies to the address of the API server itself, after that of its Service was translated.
		{Name: peerAPIServer, CIDRs: []string{controlPlane + "/32"}},
		{Name: peerNodes, CIDRs: []string{s.VpcCIDR}},
		// A node forwards with the address of its VXLAN tunnel, which Calico takes from the range of the pods.
		{Name: peerOverlay, CIDRs: []string{s.PodCIDR}},
		{
			Name: peerInternet, CIDRs: []string{"0.0.0.0/0"},
			Except: []string{s.VpcCIDR, s.PodCIDR, s.ServiceCIDR, "169.254.0.0/16"},
		},
		{Name: peerBackups, Namespace: namespaceData, Labels: storeLabels("postgresql", "backup")},
		named(celeryExporter, namespaceMonitoring), named(peerHeartbeat, namespaceMonitoring), named(metricsserver.Name, namespaceMonitoring),
	}
	for _, store := range []string{"rabbitmq", "postgresql", "redis-cache", "redis-durable"} {
		peers = append(peers, networkpolicy.Peer{Name: store, Namespace: namespaceData, Labels: storeLabels(store, "server")})
	}
	for _, part := range []string{"prometheus", "alertmanager", "grafana", "kube-state-metrics"} {
		peers = append(peers, named(part, namespaceMonitoring))
	}
	for _, part := range argocd.Parts() {
		peers = append(peers, named(part, namespaceArgoCD))
	}
	for _, application := range catalog {
		peers = append(peers, named(application.Name, namespaceApplications))
		if application.Migrates {
			peers = append(peers, named(application.migration(), namespaceApplications))
		}
	}
	for _, space := range []string{namespaceApplications, namespaceData, namespaceMonitoring, namespaceArgoCD} {
		peers = append(peers, networkpolicy.Peer{Name: peerEverything + space, Namespace: space})
	}
	return peers, nil
}

// named returns the pods of a controller that labels them with its own name.
func named(name, space string) networkpolicy.Peer {
	return networkpolicy.Peer{Name: name, Namespace: space, Labels: map[string]string{"app.kubernetes.io/name": name}}
}

// storeLabels returns the labels that tell the server of a store from its backups.
func storeLabels(instance, part string) map[string]string {
	return map[string]string{"app.kubernetes.io/instance": instance, "app.kubernetes.io/component": part}
}
