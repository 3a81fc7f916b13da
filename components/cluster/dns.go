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

// dns places CoreDNS on the nodes of DNSRoles.
func (a *ClusterArgs) dns() *kubeadm.DNS {
	dns := &kubeadm.DNS{}
	zones := map[string]bool{}
	for _, n := range a.Nodes {
		if len(a.DNSRoles) > 0 && !slices.Contains(a.DNSRoles, n.Role) {
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
