package stacks

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/growbin/cluster/components/cost"
)

// CostPlan is a way to buy the machines of a stack, with its monthly bill.
type CostPlan struct {
	// Title describes the plan.
	Title string
	// OwnMachines is true if the instance types are those of the topology.
	OwnMachines bool
	// Credits are the CPU credits in the bill, at the expected load.
	Credits cost.Cents
	// Monthly is the whole bill, with data transfer, buckets and credits.
	Monthly cost.Cents
}

// Cheapest returns the cheapest of the plans, with the instance types of the topology or with any.
func Cheapest(plans []CostPlan, ownMachines bool) CostPlan {
	plans = slices.DeleteFunc(slices.Clone(plans), func(p CostPlan) bool { return ownMachines && !p.OwnMachines })
	return slices.MinFunc(plans, func(a, b CostPlan) int { return cmp.Compare(a.Monthly, b.Monthly) })
}

// CostPlans returns the bill of a stack as planned: on demand, with savings plans for the nodes that keep data, with spot for those
// that keep none, and with types without credits. Spot and savings plans are assumptions: see components/cost/prices.yaml.
func CostPlans(ctx context.Context, s *Settings) ([]CostPlan, error) {
	const withoutCredits = "c6i.large" // CPUs and memory of t3.medium
	steady := func(n Node) bool { return n.DataGiB > 0 }
	var plans []CostPlan
	for _, p := range []struct {
		title string
		rates map[bool]Buying // by whether a node keeps data
		kind  string
	}{
		{"on demand", nil, ""},
		{"a savings plan of one year for all nodes", map[bool]Buying{true: BuySavingsPlan1Y, false: BuySavingsPlan1Y}, ""},
		{"spot for the four nodes without data, a savings plan of one year for the others", map[bool]Buying{true: BuySavingsPlan1Y, false: BuySpot}, ""},
		{"spot for the four nodes without data, a savings plan of three years for the others", map[bool]Buying{true: BuySavingsPlan3Y, false: BuySpot}, ""},
		{"spot and one year, with " + withoutCredits + " on the four nodes", map[bool]Buying{true: BuySavingsPlan1Y, false: BuySpot}, withoutCredits},
		{"spot and three years, with " + withoutCredits + " on the four nodes", map[bool]Buying{true: BuySavingsPlan3Y, false: BuySpot}, withoutCredits},
	} {
		plan := *s
		plan.Nodes = nil
		for _, n := range s.Nodes {
			n.Buying = p.rates[steady(n)]
			if p.kind != "" && !steady(n) {
				n.InstanceType = p.kind
			}
			plan.Nodes = append(plan.Nodes, n)
		}
		table, err := EstimateCost(ctx, &plan)
		if err != nil {
			return nil, fmt.Errorf("plan %q: %w", p.title, err)
		}
		out := CostPlan{Title: p.title, OwnMachines: p.kind == "", Monthly: table.Bought()}
		for _, l := range table.Lines {
			if l.Item == cost.ItemCredits {
				out.Credits += l.Bought
			}
		}
		plans = append(plans, out)
	}
	return plans, nil
}
