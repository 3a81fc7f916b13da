package awssim

import (
	"fmt"
	"regexp"
	"strconv"
)

const budgetToken = "aws:budgets/budget:Budget"

// Limits of AWS Budgets (docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_CreateNotification.html and
// docs.aws.amazon.com/cost-management/latest/userguide/management-limits.html).
const (
	budgetEmails        = 10
	budgetTopics        = 1
	budgetNotifications = 10
	// budgetEnd is the provider's default end of a budget.
	budgetEnd = "2087-06-15_00:00"
)

// budget is a limit of the account's bill with notifications.
type budget struct {
	name string
	in   values
	// start is the beginning of the month in which the budget was created.
	start string
}

var (
	budgetName   = regexp.MustCompile(`^[^:\\]{1,100}$`)
	budgetAmount = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)
)

var budgetType = define(resourceType{
	token: budgetToken, title: "Budgets Budget",
	source: "internal/service/budgets/budget.go",
	inputs: properties{
		"accountId":  {kind: text, replaces: true, computed: true},
		"budgetType": {kind: text, required: true, oneOf: []string{"USAGE", "COST", "RI_UTILIZATION", "RI_COVERAGE", "SAVINGS_PLANS_UTILIZATION", "SAVINGS_PLANS_COVERAGE"}},
		"costFilters": {kind: blocks, computed: true, key: "name", fields: properties{
			"name": {kind: text, required: true}, "values": {kind: textList, required: true},
		}},
		// The provider compares amounts as numbers.
		"limitAmount": {kind: text, computed: true, hash: sameAmount},
		"limitUnit":   {kind: text, computed: true},
		"name":        {kind: text, replaces: true, computed: true},
		"notifications": {kind: blocks, fields: properties{
			"comparisonOperator":       {kind: text, required: true, oneOf: []string{"GREATER_THAN", "LESS_THAN", "EQUAL_TO"}},
			"notificationType":         {kind: text, required: true, oneOf: []string{"ACTUAL", "FORECASTED"}},
			"subscriberEmailAddresses": {kind: textSet},
			"subscriberSnsTopicArns":   {kind: textSet},
			"threshold":                {kind: number, required: true},
			"thresholdType":            {kind: text, required: true, oneOf: []string{"PERCENTAGE", "ABSOLUTE_VALUE"}},
		}},
		"timePeriodEnd":   {kind: text, fallback: budgetEnd},
		"timePeriodStart": {kind: text, computed: true},
		"timeUnit":        {kind: text, required: true, oneOf: []string{"DAILY", "MONTHLY", "QUARTERLY", "ANNUALLY"}},
	},
	outputs:  []string{"arn"},
	refused:  []string{"autoAdjustData", "costTypes", "namePrefix", "plannedLimits"},
	tagged:   true,
	autoname: "name",
}, createBudget, updateBudget, deleteBudget)

func createBudget(t *call) (string, *budget, error) {
	const operation = "CreateBudget"
	b := &budget{name: t.in.text("name"), in: t.in}
	if account := t.in.text("accountId"); account != "" && account != t.c.AccountID() {
		return "", nil, refuseBudgets(operation, "AccessDeniedException", "Account %s is not authorized to use budgets of %s", t.c.AccountID(), account)
	}
	if !budgetName.MatchString(b.name) {
		return "", nil, refuseBudgets(operation, "InvalidParameterException", "The budget name %q must have 1 to 100 characters without : and \\", b.name)
	}
	if t.c.budgets[b.name] != nil {
		return "", nil, refuseBudgets(operation, "DuplicateRecordException", "Error creating budget: %s - the budget already exists.", b.name)
	}
	if err := t.checkBudget(operation); err != nil {
		return "", nil, err
	}
	b.start = t.c.options.Now().UTC().Format("2006-01") + "-01_00:00"
	t.c.budgets[b.name] = b
	return t.c.AccountID() + ":" + b.name, b, nil
}

// checkBudget refuses a limit and notifications that the service refuses. The real provider has created the budget by the time
// that a notification is refused; the model creates nothing then.
func (t *call) checkBudget(operation string) error {
	if amount := t.in.text("limitAmount"); !budgetAmount.MatchString(amount) || t.in.text("limitUnit") == "" {
		return refuseBudgets(operation, "InvalidParameterException", "Unable to create/update budget - BudgetLimit must have a positive amount and a unit, not %q %q", amount, t.in.text("limitUnit"))
	}
	notifications := t.in.blocks("notifications")
	if len(notifications) > budgetNotifications {
		return refuseBudgets("CreateNotification", "CreationLimitExceededException", "Unable to create notification - a budget has at most %d.", budgetNotifications)
	}
	seen := map[string]bool{}
	for _, n := range notifications {
		emails, topics := len(n.texts("subscriberEmailAddresses")), len(n.texts("subscriberSnsTopicArns"))
		if emails+topics == 0 {
			return fmt.Errorf("a budget notification must have at least one subscriber")
		}
		if emails > budgetEmails || topics > budgetTopics {
			return refuseBudgets("CreateNotification", "CreationLimitExceededException",
				"Unable to create notification - it has at most %d e-mail subscribers and %d SNS subscriber.", budgetEmails, budgetTopics)
		}
		key := fmt.Sprint(n["notificationType"], n["comparisonOperator"], n["threshold"], n["thresholdType"])
		if seen[key] {
			return refuseBudgets("CreateNotification", "DuplicateRecordException", "Unable to create notification - the notification already exists.")
		}
		seen[key] = true
	}
	return nil
}

func updateBudget(t *call, b *budget) error {
	if err := t.checkBudget("UpdateBudget"); err != nil {
		return err
	}
	b.in = t.in
	return nil
}

func deleteBudget(t *call, b *budget) error {
	delete(t.c.budgets, b.name)
	return nil
}

func (b *budget) attributes(c *Cloud) values {
	out := values{
		"arn": "arn:aws:budgets::" + c.AccountID() + ":budget/" + b.name, "accountId": c.AccountID(), "name": b.name,
		"limitAmount": sameAmount(b.in.text("limitAmount")), "timePeriodStart": b.start, "costFilters": []any{},
	}
	for _, given := range []string{"costFilters", "timePeriodStart"} {
		if b.in.has(given) {
			out[given] = b.in[given]
		}
	}
	return out
}

// sameAmount is the form in which the service returns an amount: with at least one decimal.
func sameAmount(amount string) string {
	number, err := strconv.ParseFloat(amount, 64)
	if err != nil {
		return amount
	}
	text := strconv.FormatFloat(number, 'f', -1, 64)
	if number == float64(int64(number)) {
		text += ".0"
	}
	return text
}

func refuseBudgets(operation, code, format string, args ...any) error {
	return refuse("Budgets", operation, code, format, args...)
}
