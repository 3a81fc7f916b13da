package budget

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
)

func TestNewBudget_AlarmsOfActualAndForecast(t *testing.T) {
	cloud := awssim.New(awssim.Options{})
	t.Cleanup(cloud.Close)
	m := mocks.New(cloud)
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		_, err := NewBudget(ctx, "dev", &BudgetArgs{LimitUSD: 240, Emails: []string{"team@example.com"}})
		return err
	}, pulumi.WithMocks("project", "stack", m)))

	var budget struct {
		LimitAmount, LimitUnit, TimeUnit string
		CostFilters                      []any
		Notifications                    []struct {
			NotificationType         string
			Threshold                float64
			ThresholdType            string
			SubscriberEmailAddresses []string
		}
	}
	m.Only(t, "aws:budgets/budget:Budget").Decode(t, &budget)
	assert.Equal(t, "240.0", budget.LimitAmount)
	assert.Equal(t, "USD", budget.LimitUnit)
	assert.Equal(t, "MONTHLY", budget.TimeUnit)
	assert.Empty(t, budget.CostFilters, "a filter by a tag that is not activated hides all cost")
	alarms := map[string][]float64{}
	for _, n := range budget.Notifications {
		assert.Equal(t, "PERCENTAGE", n.ThresholdType)
		assert.Equal(t, []string{"team@example.com"}, n.SubscriberEmailAddresses)
		alarms[n.NotificationType] = append(alarms[n.NotificationType], n.Threshold)
	}
	assert.Equal(t, map[string][]float64{"ACTUAL": {80, 100}, "FORECASTED": {80, 100}}, alarms)
}

func TestBudgetArgs_Invalid(t *testing.T) {
	err := (&BudgetArgs{Emails: make([]string, 11)}).Validate()
	assert.ErrorContains(t, err, "LimitUSD: 0 must")
	assert.ErrorContains(t, err, "Emails: ")
	assert.ErrorContains(t, (&BudgetArgs{LimitUSD: 1}).Validate(), "Emails: [] must")
}
