package stacks

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/cost"
	"github.com/growbin/cluster/components/validation"
)

// maxChanges is the number of changed lines in a message.
const maxChanges = 12

// reportCost estimates the monthly bill, prints it with the change against the last update, and refuses one above monthlyBudget
// before anything is created.
func reportCost(ctx *pulumi.Context, s *Settings, resources []cost.Resource, deployed []cost.Line, live map[string]float64) (*cost.Table, error) {
	table, err := s.estimateOf(resources, s.commitments(), live)
	if err != nil {
		return nil, err
	}
	changes := cost.Changes(deployed, table.Lines)
	if err := s.checkBudget(table, changes); err != nil {
		return nil, err
	}
	text, err := costMessage(table, deployed, changes)
	if err != nil {
		return nil, err
	}
	return table, ctx.Log.Info(text, nil)
}

// lastCost returns the lines of the last update, or none if they cannot be read: the limit holds without a comparison, and an
// update must not fail for one.
func lastCost(ctx *pulumi.Context) ([]cost.Line, error) {
	deployed, err := deployedCost(ctx)
	if err != nil {
		return nil, ctx.Log.Warn(err.Error(), nil)
	}
	return deployed, nil
}

// costMessage returns one line for the pull request, the changes and the table.
func costMessage(table *cost.Table, deployed []cost.Line, changes []cost.Change) (string, error) {
	var text strings.Builder
	text.WriteString("monthly cost: " + CostSummary(table, deployed) + "\n")
	if len(deployed) > 0 {
		text.WriteString(changeList(changes))
	}
	if err := table.Print(&text); err != nil {
		return "", fmt.Errorf("print the cost: %w", err)
	}
	return text.String(), nil
}

// CostSummary returns the total in one line, with the change against the lines that are deployed.
func CostSummary(table *cost.Table, deployed []cost.Line) string {
	text := fmt.Sprintf("%s costs %s USD a month as bought, %s on demand", table.Name, table.Bought(), table.OnDemand())
	if len(deployed) == 0 {
		return text + "; nothing is deployed yet"
	}
	before := cost.Table{Lines: deployed}
	return text + fmt.Sprintf("; %s against %s as deployed", cost.Signed(table.Bought()-before.Bought()), before.Bought())
}

func changeList(changes []cost.Change) string {
	var text strings.Builder
	for i, change := range changes {
		if i == maxChanges {
			fmt.Fprintf(&text, "  and %d more\n", len(changes)-maxChanges)
			break
		}
		fmt.Fprintf(&text, "  %s\n", change)
	}
	return text.String()
}

// checkBudget refuses a bill above monthlyBudget with the lines that grew. The surge instances of a roll run for minutes.
func (s *Settings) checkBudget(table *cost.Table, changes []cost.Change) error {
	if s.MonthlyBudget == 0 || len(s.SurgeNodes) > 0 || table.Bought() <= cost.ToCents(float64(s.MonthlyBudget)) {
		return nil
	}
	return fmt.Errorf("%w; these lines grew, nothing was changed:\n%s", validation.Problem{
		Field: ConfigPrefix + "monthlyBudget", Value: s.MonthlyBudget,
		Must: fmt.Sprintf("must be at least the estimate of %s USD", table.Bought()),
	}, changeList(cost.Grown(changes)))
}

// costLine is a line of the output monthlyCost.
type costLine struct {
	Resource    string  `pulumi:"resource" json:"resource"`
	Item        string  `pulumi:"item" json:"item"`
	OnDemandUSD float64 `pulumi:"onDemandUsd" json:"onDemandUsd"`
	USD         float64 `pulumi:"usd" json:"usd"`
}

func costLines(exported []costLine) (lines []cost.Line) {
	for _, l := range exported {
		lines = append(lines, cost.Line{Resource: l.Resource, Item: l.Item, OnDemand: cost.ToCents(l.OnDemandUSD), Bought: cost.ToCents(l.USD)})
	}
	return lines
}

// ReadCost returns the lines of an output monthlyCost as JSON; none of an empty object.
func ReadCost(text []byte) ([]cost.Line, error) {
	var output struct {
		Lines []costLine `json:"lines"`
	}
	if err := json.Unmarshal(text, &output); err != nil {
		return nil, fmt.Errorf("read the output %s: %w", OutputMonthlyCost, err)
	}
	return costLines(output.Lines), nil
}

// readStackOutputs is the engine's function that reads the outputs of a stack; it needs no resource in the state.
const readStackOutputs = "pulumi:pulumi:readStackOutputs"

// deployedCost returns the lines of the stack's last update; none before the first one.
func deployedCost(ctx *pulumi.Context) ([]cost.Line, error) {
	args := struct {
		Name string `pulumi:"name"`
	}{fmt.Sprintf("%s/%s/%s", ctx.Organization(), ctx.Project(), ctx.Stack())}
	var stack struct {
		Outputs struct {
			MonthlyCost struct {
				Lines []costLine `pulumi:"lines"`
			} `pulumi:"monthlyCost"`
		} `pulumi:"outputs"`
	}
	if err := ctx.Invoke(readStackOutputs, &args, &stack); err != nil {
		return nil, fmt.Errorf("read the cost of the last update: %w", err)
	}
	return costLines(stack.Outputs.MonthlyCost.Lines), nil
}

// costOutput returns the output monthlyCost.
func costOutput(table *cost.Table) pulumi.Map {
	lines := pulumi.Array{}
	for _, l := range table.Lines {
		lines = append(lines, pulumi.Map{
			"resource": pulumi.String(l.Resource), "item": pulumi.String(l.Item), "note": pulumi.String(l.Note),
			"onDemandUsd": pulumi.Float64(l.OnDemand.USD()), "usd": pulumi.Float64(l.Bought.USD()),
		})
	}
	return pulumi.Map{
		"usd": pulumi.Float64(table.Bought().USD()), "onDemandUsd": pulumi.Float64(table.OnDemand().USD()),
		"pricesOf": pulumi.String(table.Date.Format("2006-01-02")), "livePrices": pulumi.Int(table.Live), "lines": lines,
	}
}
