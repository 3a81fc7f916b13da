package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
)

// Where the role may read the price list, its prices count; elsewhere those of the table do, and nothing fails.
func TestPrices_LiveWhereTheRoleMay(t *testing.T) {
	bill := func(prices map[string]float64, overrides map[string]string) map[string]any {
		w, err := tryDeploy(t, "dev", overrides, awssim.Options{Prices: prices})
		require.NoError(t, err)
		return w.outputs[OutputMonthlyCost].(map[string]any)
	}
	table := estimate(t, "dev", nil)
	without := bill(nil, nil)
	assert.Equal(t, table.Bought().USD(), without["usd"])
	assert.InDelta(t, 0, without["livePrices"], 0)
	live := map[string]float64{"t3.small": 0.013, "t3.medium": 0.026, "gp3": 0.0912}
	with := bill(live, nil)
	assert.InDelta(t, 3, with["livePrices"], 0)
	// Four t3.medium and five t3.small at half the price of the table.
	assert.InDelta(t, (0.026*4+0.013*5)*730*awakeByHand, table.Bought().USD()-with["usd"].(float64), 0.09, "a cent for each rounded line")
	assert.InDelta(t, 0, bill(map[string]float64{"t3.small": 0.013}, nil)["livePrices"], 0, "one that is missing: the table counts")
	assert.InDelta(t, 0, bill(live, map[string]string{"livePrices": "false"})["livePrices"], 0)
}
