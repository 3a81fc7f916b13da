package networkpolicy

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/validation"
)

// NetworkPoliciesArgs configures the policies of one namespace. Peers and Flows may be the tables of the whole cluster:
// those that do not concern the namespace make no policy in it.
type NetworkPoliciesArgs struct {
	// Namespace of the policies; it must exist.
	Namespace pulumi.StringInput `pulumi:"namespace"`
	// NamespaceName is its name, as in Peers.
	NamespaceName string `pulumi:"namespaceName"`
	// Peers are the ends of flows.
	Peers []Peer `pulumi:"peers"`
	// Flows are all connections that are allowed.
	Flows []Flow `pulumi:"flows"`
}

// Peer is one end of a flow: pods, or addresses outside the pod network.
type Peer struct {
	// Name is the peer's name in flows, and the name of its policy.
	Name string `pulumi:"name"`
	// Namespace is the namespace of the pods; empty for addresses.
	Namespace string `pulumi:"namespace"`
	// Labels select the pods; empty for all pods of the namespace.
	Labels map[string]string `pulumi:"labels"`
	// CIDRs are the address blocks of a peer that is not pods, e.g. "10.0.0.10/32".
	CIDRs []string `pulumi:"cidrs"`
	// Except are blocks inside each of CIDRs that do not belong to the peer.
	Except []string `pulumi:"except"`
}

// Flow is one kind of connection. Replies need none.
type Flow struct {
	// From are the names of the peers that connect.
	From []string `pulumi:"from"`
	// To is the name of the peer that is connected to.
	To string `pulumi:"to"`
	// Ports of the destination, of its pods and not of a Service.
	Ports []Port `pulumi:"ports"`
	// Reason is the purpose of the flow, in a few words, for documents.
	Reason string `pulumi:"reason"`
}

// Port of a flow.
type Port struct {
	// Protocol is TCP or UDP; empty for TCP.
	Protocol string `pulumi:"protocol"`
	// Number is from 1 to 65535; 0 for all ports of the protocol.
	Number int `pulumi:"number"`
}

// TCP returns ports of TCP.
func TCP(numbers ...int) []Port {
	var list []Port
	for _, number := range numbers {
		list = append(list, Port{Protocol: "TCP", Number: number})
	}
	return list
}

func (p Port) protocol() string { return cmp.Or(p.Protocol, "TCP") }

func (f Flow) from(name string) bool { return slices.Contains(f.From, name) }

func (a *NetworkPoliciesArgs) peer(name string) (Peer, bool) {
	i := slices.IndexFunc(a.Peers, func(p Peer) bool { return p.Name == name })
	if i < 0 {
		return Peer{}, false
	}
	return a.Peers[i], true
}

// Validate returns all errors of the arguments.
func (a *NetworkPoliciesArgs) Validate() error {
	var problems validation.Problems
	if a.Namespace == nil {
		problems.NotSet("Namespace", "must be an existing namespace")
	}
	if a.NamespaceName == "" {
		problems.NotSet("NamespaceName", "must be the namespace's name in Peers")
	}
	seen := map[string]bool{}
	for _, peer := range a.Peers {
		if seen[peer.Name] || peer.Name == "" {
			problems.Add("Peers", peer.Name, "must be a unique name")
		}
		seen[peer.Name] = true
		problems.Include("Peers."+peer.Name, peer.validate())
	}
	for _, flow := range a.Flows {
		for _, name := range append(slices.Clone(flow.From), flow.To) {
			if !seen[name] {
				problems.Add("Flows", name, "must be the name of a peer")
			}
		}
		if len(flow.From) == 0 {
			problems.NotSet("Flows.From", "must be the names of the peers that connect to %s", flow.To)
		}
		problems.Include("Flows to "+flow.To, validatePorts(flow.Ports))
	}
	return problems.Err()
}

func (p Peer) validate() error {
	var problems validation.Problems
	if (p.Namespace == "") == (len(p.CIDRs) == 0) {
		problems.Add("Namespace", p.Namespace, "must be set, or CIDRs must be, not both")
	}
	for _, list := range [][]string{p.CIDRs, p.Except} {
		for _, cidr := range list {
			if block, err := netip.ParsePrefix(cidr); err != nil || block != block.Masked() {
				problems.Add("CIDRs", cidr, "must be an address block, e.g. 10.0.0.0/16")
			}
		}
	}
	return problems.Err()
}

// validatePorts requires a port, since a rule without one opens all of them.
func validatePorts(ports []Port) error {
	var problems validation.Problems
	if len(ports) == 0 {
		problems.NotSet("Ports", "must have at least one port")
	}
	for _, port := range ports {
		if port.Number < 0 || port.Number > 65535 {
			problems.Add("Ports", port.Number, "must be a port from 1 to 65535, or 0 for all")
		}
		if !slices.Contains([]string{"TCP", "UDP"}, port.protocol()) {
			problems.Add("Ports", port.Protocol, "must be TCP or UDP")
		}
	}
	return problems.Err()
}
