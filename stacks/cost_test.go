package stacks

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/cost"
	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
	"github.com/growbin/cluster/internal/testing/recorder"
)

// estimate returns the bill of a stack with overridden settings.
func estimate(t *testing.T, stack string, overrides map[string]string) *cost.Table {
	t.Helper()
	s, err := decode(t, stack, overrides)
	require.NoError(t, err)
	table, err := EstimateCost(t.Context(), s)
	require.NoError(t, err)
	return table
}

// handSum adds amounts in USD, each rounded to cents as one line of a bill: {amount, number of such lines}.
func handSum(lines ...[2]float64) (sum float64) {
	for _, line := range lines {
		sum += math.Round(line[0]*100) / 100 * line[1]
	}
	return math.Round(sum*100) / 100
}

// machinesByHand are the design's nine nodes: prices of November 2026 in Seoul, 730 hours a month.
var machinesByHand = [][2]float64{
	{0.104 * 730, 2}, {0.052 * 730, 4}, {0.026 * 730, 3}, // instances
	{20 * 0.0912, 5}, {30 * 0.0912, 3}, {40 * 0.0912, 1}, // root disks
	{10 * 0.0912, 2}, {20 * 0.0912, 1}, {40 * 0.0912, 2}, // data disks
	{0.005 * 730, 9}, // public addresses
}

// awakeByHand is the share of a week in which dev runs: five days from 07:45 to 20:00.
const awakeByHand = 5 * 12.25 / 168

// smallMachinesByHand are those of dev. The control plane's address is an Elastic IP, which is billed at night as well.
var smallMachinesByHand = [][2]float64{
	{0.052 * 730 * awakeByHand, 4}, {0.026 * 730 * awakeByHand, 5}, {20 * 0.0912, 9}, // instances, root disks
	{10 * 0.0912, 2}, {20 * 0.0912, 1}, {40 * 0.0912, 2}, // data disks
	{0.005 * 730 * awakeByHand, 8}, {0.005 * 730, 1}, // public addresses
}

// balancerByHand are the hours of a load balancer, its capacity unit, and its address in each of three subnets.
var balancerByHand = [][2]float64{{0.0225 * 730, 1}, {0.008 * 730, 1}, {3 * 0.005 * 730, 1}}

func TestCost_ProdByHand(t *testing.T) {
	table := estimate(t, "prod", nil)
	lines := append([][2]float64{
		// CPU credits: the middles of the bands above the baseline of 20 %, two vCPUs
		{(0.75 - 0.2) * 2 * 730 * 0.05, 1}, {(0.50 - 0.2) * 2 * 730 * 0.05, 1}, {(0.60 - 0.2) * 2 * 730 * 0.05, 1}, {(0.70 - 0.2) * 2 * 730 * 0.05, 1},
		{100 * 0.126, 1}, {200 * 0.02, 1}, // data transfer
		{100 * 0.025, 1}, {200 * 0.0045, 1}, {2000 * 0.00035, 1}, // images
		{10 * 0.025, 1}, {20 * 0.0045, 1}, {20 * 0.00035, 1}, // backups
		{75 * 0.025, 1}, {10 * 0.0045, 1}, {10 * 0.00035, 1}, // dumps
		{50 * 0.05, 1},           // snapshots
		{1, 1}, {0.05 * 0.76, 1}, // key, log of sessions
	}, slices.Concat(machinesByHand, balancerByHand)...)
	assert.Equal(t, handSum(lines...), table.OnDemand().USD())
	assert.Equal(t, table.OnDemand(), table.Bought())
}

func TestCost_DevByHand(t *testing.T) {
	table := estimate(t, "dev", nil)
	lines := append([][2]float64{
		{10 * 0.126, 1}, {20 * 0.02, 1},
		{10 * 0.025, 1}, {20 * 0.0045, 1}, {200 * 0.00035, 1},
		{1 * 0.025, 1}, {2 * 0.0045, 1}, {2 * 0.00035, 1}, {5 * 0.05, 1},
		{7.5 * 0.025, 1}, {1 * 0.0045, 1}, {1 * 0.00035, 1},
		{1, 1}, {0.005 * 0.76, 1}, // key, log of sessions
		{0.0225 * 730, 1}, {0.1 * 0.008 * 730, 1}, {3 * 0.005 * 730, 1}, // load balancer: hours, capacity unit, address per subnet
	}, smallMachinesByHand...)
	assert.Equal(t, handSum(lines...), table.OnDemand().USD())

	awake := estimate(t, "dev", map[string]string{"sleep": ""})
	assert.Zero(t, awake.Saved())
	assert.InDelta(t, (awake.OnDemand() - table.OnDemand()).USD(), table.Saved().USD(), 0.17, "a cent for each rounded line")
	// At night the key, disks, the Elastic IP, load balancer and its addresses, stored objects and snapshots.
	asleep := (1 + 20*0.0912*9 + 120*0.0912 + 0.005*730 + 0.0225*730 + 3*0.005*730 + 10*0.025 + 0.025 + 7.5*0.025 + 5*0.05) * (1 - awakeByHand)
	assert.InDelta(t, asleep, table.BilledAsleep().USD(), 0.15, "a cent for each rounded line")
}

// The estimate runs the program by itself: it must see the resources of a deployment, with every optional part switched on.
func TestCost_EveryDeployedResource(t *testing.T) {
	options := maps.Clone(everyOption)
	options["surgeNodes"] = `["k8s-worker-ai"]`
	w, err := tryDeploy(t, "prod", options, awssim.Options{Quotas: map[string]float64{vcpuQuota: 20}})
	require.NoError(t, err)
	var deployed, estimated []string
	for _, r := range w.mocks.All() {
		if r.Custom && !r.Read && !strings.HasPrefix(r.Type, "pulumi:") {
			deployed = append(deployed, r.Type+" "+r.Name)
		}
	}
	s, err := decode(t, "prod", options)
	require.NoError(t, err)
	list, err := registered(t.Context(), s)
	require.NoError(t, err)
	for _, r := range list {
		estimated = append(estimated, r.Type+" "+r.Name)
	}
	assert.ElementsMatch(t, deployed, estimated)
	assert.Contains(t, estimated, "aws:budgets/budget:Budget growbin-prod")
}

func TestCost_OutputHasTheLines(t *testing.T) {
	w := deploy(t, "prod", nil)
	output := w.outputs[OutputMonthlyCost].(map[string]any)
	table := estimate(t, "prod", nil)
	assert.Equal(t, table.Bought().USD(), output["usd"])
	assert.Equal(t, table.OnDemand().USD(), output["onDemandUsd"])
	var sum cost.Cents
	for _, line := range output["lines"].([]any) {
		sum += cost.ToCents(line.(map[string]any)["usd"].(float64))
	}
	assert.Equal(t, table.Bought(), sum)
}

func TestCost_SavingsPlanAndCreditMode(t *testing.T) {
	bought := estimate(t, "prod", map[string]string{"buying": `["k8s-master=savingsPlan1y"]`})
	assert.Equal(t, handSum([2]float64{0.104 * 730 * (1 - 0.63), 1}), (bought.OnDemand() - bought.Bought()).USD())
	slow := estimate(t, "prod", map[string]string{"creditSpecification": "standard"})
	assert.NotContains(t, items(slow), "CPU credits")
	w := deploy(t, "prod", map[string]string{"creditSpecification": "standard"})
	for _, r := range w.mocks.OfType("aws:ec2/instance:Instance") {
		assert.Equal(t, "standard", r.Value("creditSpecification.cpuCredits"), r.Name)
	}
}

func items(table *cost.Table) (list []string) {
	for _, l := range table.Lines {
		list = append(list, l.Item)
	}
	return list
}

// docs/cost.md begins with this statement.
func TestCostPlans_NoneReachesTheBriefsFigure(t *testing.T) {
	const brief = 240
	s, err := decode(t, "prod", nil)
	require.NoError(t, err)
	plans, err := CostPlans(t.Context(), s)
	require.NoError(t, err)
	table := estimate(t, "prod", nil)
	assert.Equal(t, table.OnDemand(), plans[0].Monthly)
	balancer := handSum(balancerByHand...)
	below := 0
	for _, p := range plans {
		assert.Greater(t, (p.Monthly - p.Credits).USD(), float64(brief), p.Title)
		if (p.Monthly-p.Credits).USD()-balancer <= brief {
			below++
			assert.Contains(t, p.Title, "three years")
		}
	}
	assert.Equal(t, 1, below, "without credits and without the load balancer")
	own, any := Cheapest(plans, true), Cheapest(plans, false)
	assert.Equal(t, plans[3], own)
	assert.Equal(t, plans[5], any)
	assert.True(t, own.OwnMachines)
	assert.False(t, any.OwnMachines)
	// Four t3.medium at 36 %, two t3.large and three t3.small at 63 %.
	saved := handSum([2]float64{0.052 * 730 * 0.64, 4}, [2]float64{0.104 * 730 * 0.37, 2}, [2]float64{0.026 * 730 * 0.37, 3})
	assert.InDelta(t, saved, (plans[0].Monthly - plans[2].Monthly).USD(), 0.09, "a cent for each rounded line")
}

// deployedWith is the state of a stack whose last update exported a table.
func deployedWith(t *testing.T, table *cost.Table) *mocks.Mocks {
	t.Helper()
	cloud := awssim.New(awssim.Options{})
	t.Cleanup(cloud.Close)
	m := mocks.New(cloud)
	lines := []any{}
	for _, l := range table.Lines {
		lines = append(lines, map[string]any{"resource": l.Resource, "item": l.Item, "usd": l.Bought.USD(), "onDemandUsd": l.OnDemand.USD()})
	}
	outputs := resource.NewPropertyMapFromMap(map[string]any{OutputMonthlyCost: map[string]any{"lines": lines}})
	outputs[OutputKubeconfig] = resource.MakeSecret(resource.NewProperty("password"))
	m.SetDeployed(outputs)
	return m
}

func TestBudget_RefusesWithTheGrownLines(t *testing.T) {
	m := deployedWith(t, estimate(t, "prod", nil))
	limit := map[string]string{"monthlyBudget": "600", "instanceTypes": `["k8s-master=t3.xlarge"]`}
	s, err := decode(t, "prod", limit)
	require.NoError(t, err)
	err = pulumi.RunErr(func(ctx *pulumi.Context) error {
		_, err := build(ctx, s)
		return err
	}, pulumi.WithMocks("growbin", "prod", m))
	require.ErrorContains(t, err, "growbin:monthlyBudget: 600 must be at least the estimate of")
	assert.ErrorContains(t, err, "k8s-master t3.xlarge: 0.00 → 151.84 (+151.84)")
	assert.NotContains(t, err.Error(), "k8s-redis", "only the lines that grew")
	for _, r := range m.All() {
		assert.False(t, strings.HasPrefix(r.Type, "aws:"), "%s %s is registered", r.Type, r.Name)
	}

	s.SurgeNodes = []string{"k8s-worker-ai"}
	table, err := EstimateCost(t.Context(), s)
	require.NoError(t, err)
	assert.NoError(t, s.checkBudget(table, nil), "a surge instance runs for minutes")
}

// Echo refuses every function, so the outputs of the last update cannot be read.
func TestCost_UnknownLastUpdateStopsNothing(t *testing.T) {
	for limit, refused := range map[string]bool{"0": false, "100": true} {
		s, err := decode(t, "prod", map[string]string{"monthlyBudget": limit})
		require.NoError(t, err)
		resources, err := registered(t.Context(), s)
		require.NoError(t, err)
		_, err = recorder.Run(func(ctx *pulumi.Context) error {
			deployed, err := lastCost(ctx)
			if err != nil {
				return err
			}
			_, err = reportCost(ctx, s, resources, deployed, nil)
			return err
		})
		assert.Equal(t, refused, err != nil, "%v", err)
	}
}

func TestCostMessage_ChangeAgainstTheDeployedStack(t *testing.T) {
	before, after := estimate(t, "prod", nil), estimate(t, "prod", map[string]string{"instanceTypes": `["k8s-redis=t3.medium"]`})
	changes := cost.Changes(before.Lines, after.Lines)
	text, err := costMessage(after, before.Lines, changes)
	require.NoError(t, err)
	first, rest, _ := strings.Cut(text, "\n")
	assert.Equal(t, "monthly cost: prod costs "+after.Bought().String()+" USD a month as bought, "+after.OnDemand().String()+
		" on demand; +18.98 against "+before.Bought().String()+" as deployed", first)
	assert.Contains(t, rest, "k8s-redis t3.medium: 0.00 → 37.96 (+37.96)")
	assert.Contains(t, rest, "k8s-redis t3.small: 18.98 → 0.00 (-18.98)")
	assert.Contains(t, rest, "k8s-monitoring")

	text, err = costMessage(after, nil, cost.Changes(nil, after.Lines))
	require.NoError(t, err)
	assert.Contains(t, text, "nothing is deployed yet")
}
