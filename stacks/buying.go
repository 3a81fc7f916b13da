package stacks

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Buying is the way in which an instance is paid.
type Buying string

// Ways to buy an instance. Savings plans are bought in the account, not by this program: the estimate assumes them. A spot instance is
// bought by the program, and is only for a node without data.
const (
	// BuyOnDemand pays the list price.
	BuyOnDemand Buying = "onDemand"
	// BuySpot buys on the spot market.
	BuySpot Buying = "spot"
	// BuySavingsPlan1Y and BuySavingsPlan3Y assume a savings plan of one or three years.
	BuySavingsPlan1Y Buying = "savingsPlan1y"
	BuySavingsPlan3Y Buying = "savingsPlan3y"
)

var buyings = []string{string(BuyOnDemand), string(BuySpot), string(BuySavingsPlan1Y), string(BuySavingsPlan3Y)}

// applyBuying overrides the ways to buy by node name, from the setting buying.
func (s *Settings) applyBuying(r *settingsReader) {
	overrides := r.pairs("buying")
	for _, name := range slices.Sorted(maps.Keys(overrides)) {
		i := slices.IndexFunc(s.Nodes, func(n Node) bool { return n.Name == name })
		switch {
		case i < 0:
			r.invalid("buying", name, "must name one of the nodes %s", nodeList(s.Nodes))
		case !slices.Contains(buyings, overrides[name]):
			r.invalid("buying", overrides[name], "must be one of %s", strings.Join(buyings, ", "))
		default:
			s.Nodes[i].Buying = Buying(overrides[name])
		}
	}
	for _, n := range s.Nodes {
		if n.Spot() && s.Sleep != nil {
			r.invalid("buying", n.Name+"="+string(n.Buying), "must not be spot with %ssleep: EC2 stops no such instance", ConfigPrefix)
		}
		if n.Spot() && !n.pooled() {
			r.invalid("buying", n.Name+"="+string(n.Buying), "must be a node without a data volume: one of %s", nodeList(pool(s.Nodes)))
		}
	}
}

// Spot reports whether EC2 may take the node's instance.
func (n Node) Spot() bool { return n.Buying == BuySpot }

// pooled reports whether the node keeps no data, so that its pods can run on another such node.
func (n Node) pooled() bool { return n.DataGiB == 0 && n.Role != RoleControlPlane }

// pool returns the nodes without data.
func pool(nodes []Node) []Node {
	return slices.DeleteFunc(slices.Clone(nodes), func(n Node) bool { return !n.pooled() })
}

// pools reports whether the nodes without data take each other's pods: as soon as EC2 may take one of them.
func (s *Settings) pools() bool { return slices.ContainsFunc(s.Nodes, Node.Spot) }

// placeIn is where the pods of an application on a node run: on that node alone, or, if EC2 may take it, elsewhere in the pool
// meanwhile. Other nodes keep them off by their taints.
func (s *Settings) placeIn(n Node) (selector, prefer map[string]string, tolerations []corev1.Toleration) {
	if !s.pools() || !n.pooled() {
		return n.Labels, nil, n.Tolerations()
	}
	for _, other := range pool(s.Nodes) {
		for _, t := range other.Tolerations() {
			if !slices.Contains(tolerations, t) {
				tolerations = append(tolerations, t)
			}
		}
	}
	return nil, n.Labels, tolerations
}

// commitments returns the rates of the nodes with a savings plan.
func (s *Settings) commitments() map[string]string {
	rates := map[string]string{}
	for _, n := range s.Nodes {
		if n.Buying == BuySavingsPlan1Y || n.Buying == BuySavingsPlan3Y {
			rates[n.Name] = string(n.Buying)
		}
	}
	return rates
}
