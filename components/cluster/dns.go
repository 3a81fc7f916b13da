package cluster

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/growbin/cluster/components/kubeadm"
)

// labels returns the labels of the row with those of its region and zone, by which pods are spread.
func (n Node) labels(region string) map[string]string {
	labels := map[string]string{corev1.LabelTopologyRegion: region, corev1.LabelTopologyZone: n.Zone}
	maps.Copy(labels, n.Labels)
	return labels
}

// dns places CoreDNS on the nodes of DNSRoles; without these on all but the control plane. Nothing takes a lost node out of the
// cluster's services while the API server is away, so a replica beside it would go on receiving queries that it cannot answer.
func (a *ClusterArgs) dns() *kubeadm.DNS {
	dns, roles := &kubeadm.DNS{}, a.DNSRoles
	if len(roles) == 0 {
		roles = slices.DeleteFunc(a.roles(), func(role string) bool { return role == RoleControlPlane && len(a.Nodes) > 1 })
	}
	zones := map[string]bool{}
	for _, n := range a.Nodes {
		if !slices.Contains(roles, n.Role) {
			continue
		}
		dns.Nodes = append(dns.Nodes, n.Name)
		zones[n.Zone] = true
		for _, taint := range n.Taints {
			if !slices.Contains(dns.Taints, taint) {
				dns.Taints = append(dns.Taints, taint)
			}
		}
	}
	dns.Zones = len(zones)
	return dns
}
