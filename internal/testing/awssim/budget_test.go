package awssim

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func budgetOf(extra values) values {
	in := values{
		"name": "growth", "budgetType": "COST", "timeUnit": "MONTHLY", "limitAmount": "240", "limitUnit": "USD",
		"notifications": []any{values{
			"comparisonOperator": "GREATER_THAN", "notificationType": "ACTUAL", "threshold": 80.5, "thresholdType": "PERCENTAGE",
			"subscriberEmailAddresses": []any{"team@example.com"},
		}},
	}
	for key, value := range extra {
		in[key] = value
	}
	return in
}

func notified(emails ...any) values {
	return values{"notifications": []any{values{
		"comparisonOperator": "GREATER_THAN", "notificationType": "FORECASTED", "threshold": 100, "thresholdType": "PERCENTAGE",
		"subscriberEmailAddresses": emails,
	}}}
}

func TestBudget_AmountsAreComparedAsNumbers(t *testing.T) {
	w := newWorld(t, Options{})
	id := w.make(budgetToken, "b", budgetOf(nil))
	assert.Equal(t, "000000000000:growth", id)
	assert.Equal(t, "240.0", w.read(budgetToken, id).text("limitAmount"))
	diff := func(amount string) []Change {
		admitted, _ := budgetType.admit("b", budgetOf(values{"limitAmount": amount}).plain(), w.read(budgetToken, id), nil)
		return budgetType.diff(w.read(budgetToken, id), admitted)
	}
	assert.Empty(t, diff("240.00"))
	assert.NotEmpty(t, diff("241"))
	require.NoError(t, w.change(budgetToken, id, budgetOf(values{"limitAmount": "300"})))
	assert.Equal(t, "300.0", w.read(budgetToken, id).text("limitAmount"))
}

func TestBudget_Refusals(t *testing.T) {
	w := newWorld(t, Options{})
	id := w.make(budgetToken, "b", budgetOf(nil))
	_, err := w.try(budgetToken, "again", budgetOf(nil))
	w.refused(err, "DuplicateRecordException", "growth")
	_, err = w.try(budgetToken, "name", budgetOf(values{"name": "a:b"}))
	w.refused(err, "InvalidParameterException", "a:b")
	_, err = w.try(budgetToken, "limit", budgetOf(values{"name": "x", "limitAmount": "much"}))
	w.refused(err, "InvalidParameterException", "much")
	var emails []any
	for range budgetEmails + 1 {
		emails = append(emails, "a@example.com")
	}
	w.refused(w.change(budgetToken, id, budgetOf(notified(emails...))), "CreationLimitExceededException", "10 e-mail")
	assert.ErrorContains(t, w.change(budgetToken, id, budgetOf(notified())), "at least one subscriber")
	twice := notified("a@example.com")["notifications"].([]any)
	w.refused(w.change(budgetToken, id, budgetOf(values{"notifications": append(twice, twice...)})), "DuplicateRecordException", "notification")
	require.NoError(t, w.remove(budgetToken, id))
	w.make(budgetToken, "b", budgetOf(nil))
}
