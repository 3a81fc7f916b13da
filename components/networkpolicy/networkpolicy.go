// Package networkpolicy lets the pods of a namespace reach, and be reached by, only those that a table of flows names.
//
// Each flow is one row. It opens the way at both ends, egress at the source and ingress at the destination, so neither can
// be forgotten. All else is denied, in both directions. A node always reaches the pods that it runs, for probes.
package networkpolicy

import (
	"fmt"

	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networking "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const typeToken = "kubeadm-aws:networkpolicy:NetworkPolicies"

// NetworkPolicies are the policies of one namespace.
type NetworkPolicies struct {
	pulumi.ResourceState
}

// NewNetworkPolicies creates default-deny, which denies everything in the namespace, and one policy for each of its peers
// that is an end of a flow.
func NewNetworkPolicies(ctx *pulumi.Context, name string, args *NetworkPoliciesArgs, opts ...pulumi.ResourceOption) (*NetworkPolicies, error) {
	if args == nil {
		return nil, fmt.Errorf("networkpolicy %s: args must not be nil", name)
	}
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("networkpolicy %s: %w", name, err)
	}
	n := &NetworkPolicies{}
	if err := ctx.RegisterComponentResource(typeToken, name, n, opts...); err != nil {
		return nil, fmt.Errorf("networkpolicy %s: %w", name, err)
	}
	for _, policy := range args.policies() {
		_, err := networking.NewNetworkPolicy(ctx, name+"-"+policy.name, &networking.NetworkPolicyArgs{
			Metadata: &meta.ObjectMetaArgs{Name: pulumi.String(policy.name), Namespace: args.Namespace.ToStringOutput()},
			Spec: &networking.NetworkPolicySpecArgs{
				PodSelector: selector(policy.labels), Ingress: policy.ingress, Egress: policy.egress,
				PolicyTypes: pulumi.StringArray{pulumi.String("Ingress"), pulumi.String("Egress")},
			},
		}, pulumi.Parent(n))
		if err != nil {
			return nil, fmt.Errorf("networkpolicy %s: create %s: %w", name, policy.name, err)
		}
	}
	return n, ctx.RegisterResourceOutputs(n, pulumi.Map{})
}

// policy is one NetworkPolicy. Without rules it denies everything.
type policy struct {
	name    string
	labels  map[string]string
	ingress networking.NetworkPolicyIngressRuleArray
	egress  networking.NetworkPolicyEgressRuleArray
}

// policies returns default-deny and the policies of the namespace's peers, in the order of the tables.
func (a *NetworkPoliciesArgs) policies() []policy {
	out := []policy{{name: "default-deny"}}
	for _, peer := range a.Peers {
		if peer.Namespace != a.NamespaceName {
			continue
		}
		p := policy{name: peer.Name, labels: peer.Labels}
		for _, flow := range a.Flows {
			if flow.To == peer.Name {
				p.ingress = append(p.ingress, networking.NetworkPolicyIngressRuleArgs{From: a.peers(flow.From...), Ports: portArgs(flow.Ports)})
			}
			if flow.from(peer.Name) {
				p.egress = append(p.egress, networking.NetworkPolicyEgressRuleArgs{To: a.peers(flow.To), Ports: portArgs(flow.Ports)})
			}
		}
		if len(p.ingress)+len(p.egress) > 0 {
			out = append(out, p)
		}
	}
	return out
}

// peers converts the peers with the given names.
func (a *NetworkPoliciesArgs) peers(names ...string) networking.NetworkPolicyPeerArray {
	list := networking.NetworkPolicyPeerArray{}
	for _, name := range names {
		peer, _ := a.peer(name)
		if peer.Namespace != "" {
			list = append(list, networking.NetworkPolicyPeerArgs{
				NamespaceSelector: selector(map[string]string{"kubernetes.io/metadata.name": peer.Namespace}),
				PodSelector:       selector(peer.Labels),
			})
			continue
		}
		for _, cidr := range peer.CIDRs {
			list = append(list, networking.NetworkPolicyPeerArgs{
				IpBlock: networking.IPBlockArgs{Cidr: pulumi.String(cidr), Except: pulumi.ToStringArray(peer.Except)},
			})
		}
	}
	return list
}

// selector selects everything if there are no labels.
func selector(labels map[string]string) *meta.LabelSelectorArgs {
	if len(labels) == 0 {
		return &meta.LabelSelectorArgs{}
	}
	return &meta.LabelSelectorArgs{MatchLabels: pulumi.ToStringMap(labels)}
}

func portArgs(ports []Port) networking.NetworkPolicyPortArray {
	list := networking.NetworkPolicyPortArray{}
	for _, port := range ports {
		item := networking.NetworkPolicyPortArgs{Protocol: pulumi.String(port.protocol())}
		if port.Number != 0 {
			item.Port = pulumi.Int(port.Number)
		}
		list = append(list, item)
	}
	return list
}
