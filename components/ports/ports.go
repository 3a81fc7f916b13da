// Package ports holds the port numbers on which the nodes of a cluster listen, so that security rules, scrapers and
// simulations agree.
package ports

// TCP ports, except VXLAN, which is UDP.
const (
	// SSH is sshd.
	SSH = 22
	// APIServer is kube-apiserver on the control plane.
	APIServer = 6443
	// EtcdClient and EtcdPeer are etcd on the control plane.
	EtcdClient = 2379
	EtcdPeer   = 2380
	// Kubelet is the kubelet's API: logs, exec and metrics.
	Kubelet = 10250
	// VXLAN carries the pods' traffic between nodes.
	VXLAN = 4789
	// Typha is Calico's fan-out of the datastore, which may run on any node.
	Typha = 5473
	// NodeExporter is Prometheus' node-exporter, which listens on the host's network.
	NodeExporter = 9100
)
