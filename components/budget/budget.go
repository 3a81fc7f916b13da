// Package budget builds a monthly AWS budget with alarms.
package budget

import (
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/budgets"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/validation"
)

const typeToken = "kubeadm-aws:budget:Budget"

// MaxEmails is the number of e-mail subscribers that AWS allows per notification.
const MaxEmails = 10

// alarms are the notifications: the share of the limit in percent, and the kind of bill that is compared with it.
var alarms = []struct {
	percent float64
	of      string
}{{80, "ACTUAL"}, {100, "ACTUAL"}, {80, "FORECASTED"}, {100, "FORECASTED"}}

// BudgetArgs describes a budget.
type BudgetArgs struct {
	// LimitUSD is the limit of the account's monthly bill in USD; at least 1.
	LimitUSD int `pulumi:"limitUsd"`
	// Emails are the addresses that are notified; 1 to 10.
	Emails []string `pulumi:"emails"`
}

// Budget notifies at 80 and 100 percent of the actual and of the forecast bill of the whole account. It has no filter by tag: until
// a person activates the tag for billing, a filtered budget sees no cost at all and stays silent.
type Budget struct {
	pulumi.ResourceState
}

// NewBudget creates the budget.
func NewBudget(ctx *pulumi.Context, name string, args *BudgetArgs, opts ...pulumi.ResourceOption) (*Budget, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("budget %s: %w", name, err)
	}
	b := &Budget{}
	if err := ctx.RegisterComponentResource(typeToken, name, b, opts...); err != nil {
		return nil, fmt.Errorf("budget %s: %w", name, err)
	}
	notifications := budgets.BudgetNotificationArray{}
	for _, alarm := range alarms {
		notifications = append(notifications, &budgets.BudgetNotificationArgs{
			ComparisonOperator: pulumi.String("GREATER_THAN"), Threshold: pulumi.Float64(alarm.percent), ThresholdType: pulumi.String("PERCENTAGE"),
			NotificationType: pulumi.String(alarm.of), SubscriberEmailAddresses: pulumi.ToStringArray(args.Emails),
		})
	}
	if _, err := budgets.NewBudget(ctx, name, &budgets.BudgetArgs{
		Name: pulumi.String(name), BudgetType: pulumi.String("COST"), TimeUnit: pulumi.String("MONTHLY"),
		// AWS returns the amount with one decimal.
		LimitAmount: pulumi.String(strconv.Itoa(args.LimitUSD) + ".0"), LimitUnit: pulumi.String("USD"),
		Notifications: notifications,
	}, pulumi.Parent(b)); err != nil {
		return nil, fmt.Errorf("budget %s: %w", name, err)
	}
	return b, ctx.RegisterResourceOutputs(b, pulumi.Map{})
}

// Validate returns all problems of the arguments, joined.
func (a *BudgetArgs) Validate() error {
	var problems validation.Problems
	if a.LimitUSD < 1 {
		problems.Add("LimitUSD", a.LimitUSD, "must be at least 1")
	}
	if len(a.Emails) < 1 || len(a.Emails) > MaxEmails {
		problems.Add("Emails", a.Emails, "must be 1 to %d addresses", MaxEmails)
	}
	return problems.Err()
}
