package stacks

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/budget"
)

// newBudget creates the alarms of monthlyBudget, if anyone is to be notified.
func newBudget(ctx *pulumi.Context, s *Settings, provider *aws.Provider) error {
	if len(s.BudgetEmails) == 0 {
		return nil
	}
	_, err := budget.NewBudget(ctx, s.ClusterName(), &budget.BudgetArgs{
		LimitUSD: s.MonthlyBudget, Emails: s.BudgetEmails,
	}, pulumi.Provider(provider))
	return err
}
