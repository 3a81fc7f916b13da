package lab

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/rehearsal/lab/rootfs"
	"github.com/growbin/cluster/stacks"
)

// podNetworkOverride is the pod network of one host: a bridge. With h.podNetwork, the network has routes between the hosts'
// ranges, and what leaves them for another address has that of the host, as with Calico's natOutgoing.
func podNetworkOverride(h hardware) Override {
	o := Override{
		Difference: "the pod network is Debian's bridge plugin",
		Reason:     "Calico's images cannot be fetched here",
		Files: []rootfs.File{{Path: "/etc/cni/net.d/10-lab.conflist", Content: `{
  "cniVersion": "1.0.0", "name": "lab",
  "plugins": [
    {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": ` + strconv.FormatBool(h.podNetwork == "") + `, "hairpinMode": true,
     "ipam": {"type": "host-local", "ranges": [[{"subnet": "` + h.podRange + `"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
`}},
	}
	if h.podNetwork == "" {
		o.Reason += "; pods on different nodes do not reach each other"
		return o
	}
	o.Difference += ", with routes between the nodes; kube-router enforces NetworkPolicies"
	o.Files = append(o.Files, service("lab-pod-network", "Before=kubelet.service", "multi-user.target",
		fmt.Sprintf("iptables -t nat -A POSTROUTING -s %s ! -d %s -j MASQUERADE", h.podRange, h.podNetwork))...)
	return o
}

// podRangeOf returns the range of the n-th host, a /24 of the pod network.
func podRangeOf(podNetwork string, n int) (string, error) {
	network, err := netip.ParsePrefix(podNetwork)
	if err != nil || !network.Addr().Is4() || network.Bits() > 16 || n > 255 {
		return "", fmt.Errorf("pod network %s: must be an IPv4 range of at least a /16 for host %d", podNetwork, n)
	}
	address := network.Masked().Addr().As4()
	address[2] = byte(n)
	return netip.PrefixFrom(netip.AddrFrom4(address), 24).String(), nil
}

// routePods gives an instance a range of the pod network, by its row in the topology, and routes it.
func (l *Lab) routePods(instance *awssim.Machine) (podRange string, err error) {
	row := slices.IndexFunc(l.settings.Nodes, func(n stacks.Node) bool { return n.Name == instance.Name })
	if podRange, err = podRangeOf(l.settings.PodCIDR, row+1); err != nil {
		return "", err
	}
	return podRange, l.network.Route(podRange, instance.PrivateIP)
}
