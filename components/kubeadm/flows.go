package kubeadm

import (
	"slices"

	"github.com/growbin/cluster/components/ports"
	"github.com/growbin/cluster/components/securitygroup"
)

// FlowArgs names the security groups of the nodes.
type FlowArgs struct {
	// ControlPlane are the groups of control-plane nodes.
	ControlPlane []string `pulumi:"controlPlane"`
	// All are the groups of all nodes, those of the control plane included.
	All []string `pulumi:"all"`
	// Monitoring are the groups whose nodes scrape the kubelets.
	Monitoring []string `pulumi:"monitoring"`
	// NodeExporter lets the monitoring groups scrape node-exporter as well, which listens on the host.
	NodeExporter bool `pulumi:"nodeExporter"`
}

// Flows returns the security rules that a cluster with Calico in VXLAN mode needs between its nodes. Traffic between pods is
// inside VXLAN and needs no rules. The scheduler and the controller manager listen on loopback only.
func Flows(args FlowArgs) []securitygroup.Rule {
	var rules []securitygroup.Rule
	allow := func(group string, from []string, protocol string, first, last int, why string) {
		rules = append(rules, securitygroup.Rule{
			Group: group, From: union(from), Protocol: protocol, FromPort: first, ToPort: last, Description: why,
		})
	}
	for _, group := range union(args.ControlPlane) {
		allow(group, union(args.All, args.ControlPlane), "tcp", ports.APIServer, ports.APIServer, "Kubernetes API from the nodes and their pods")
		allow(group, args.ControlPlane, "tcp", ports.EtcdClient, ports.EtcdPeer, "etcd clients and peers on the control plane")
	}
	for _, group := range union(args.All, args.ControlPlane) {
		allow(group, union(args.ControlPlane, args.Monitoring), "tcp", ports.Kubelet, ports.Kubelet, "kubelet API for logs, exec and metrics")
		allow(group, union(args.All, args.ControlPlane), "udp", ports.VXLAN, ports.VXLAN, "pod network, Calico VXLAN")
		allow(group, union(args.All, args.ControlPlane), "tcp", ports.Typha, ports.Typha, "Calico Typha, which may run on any node")
		if args.NodeExporter && len(args.Monitoring) > 0 {
			allow(group, args.Monitoring, "tcp", ports.NodeExporter, ports.NodeExporter, "node-exporter metrics")
		}
	}
	return rules
}

// union joins lists in order, each name once.
func union(lists ...[]string) []string {
	var all []string
	for _, name := range slices.Concat(lists...) {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}
