package stacks

import (
	"maps"
	"slices"
	"strings"
)

// Buying is the way in which an instance is paid.
type Buying string

// Ways to buy an instance. Savings plans are bought in the account, not by this program: the estimate assumes them.
const (
	// BuyOnDemand pays the list price.
	BuyOnDemand Buying = "onDemand"
	// BuySavingsPlan1Y and BuySavingsPlan3Y assume a savings plan of one or three years.
	BuySavingsPlan1Y Buying = "savingsPlan1y"
	BuySavingsPlan3Y Buying = "savingsPlan3y"
)

var buyings = []string{string(BuyOnDemand), string(BuySavingsPlan1Y), string(BuySavingsPlan3Y)}

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
