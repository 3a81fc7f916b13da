package stacks

import (
	"github.com/growbin/cluster/components/budget"
	"github.com/growbin/cluster/components/cost"
)

func (s *Settings) validateCost(r *settingsReader) {
	if _, err := cost.ReadPrices(s.Region); err != nil && regionName.MatchString(s.Region) {
		r.invalid("region", s.Region, "must have prices in components/cost/prices.yaml, or the cost is unknown")
	}
	if s.ExpectedLoadPercent < 0 || s.ExpectedLoadPercent > 100 {
		r.invalid("expectedLoadPercent", s.ExpectedLoadPercent, "must be 0 to 100")
	}
	if s.MonthlyBudget < 0 {
		r.invalid("monthlyBudget", s.MonthlyBudget, "must be an amount in USD, or 0 for no limit")
	}
	if len(s.BudgetEmails) > 0 && s.MonthlyBudget == 0 {
		r.invalid("monthlyBudget", s.MonthlyBudget, "must be the limit that budgetEmails are notified of")
	}
	r.checkEmails("budgetEmails", s.BudgetEmails, budget.MaxEmails)
}
