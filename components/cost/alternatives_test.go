package cost

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/capacity"
)

func TestAlternatives_CreditsDecide(t *testing.T) {
	prices, err := ReadPrices(seoul)
	require.NoError(t, err)
	medium, err := capacity.LookupInstanceType("t3.medium")
	require.NoError(t, err)
	at := func(load float64) (order map[string]int, monthly map[string]string) {
		list, err := prices.Alternatives(medium, load)
		require.NoError(t, err)
		order, monthly = map[string]int{}, map[string]string{}
		for i, a := range list {
			order[a.Name], monthly[a.Name] = i, a.Monthly().String()
			assert.Equal(t, a.Name[:3] == "t4g", a.Architecture == "arm64", a.Name)
			assert.GreaterOrEqual(t, a.MemoryMiB, medium.MemoryMiB, a.Name)
		}
		return order, monthly
	}
	order, monthly := at(0.1)
	assert.Less(t, order["t3.medium"], order["c6i.large"])
	assert.Equal(t, "37.96", monthly["t3.medium"])
	order, monthly = at(0.75)
	assert.Less(t, order["c6i.large"], order["t3.medium"], "no credits")
	assert.Equal(t, "78.11", monthly["t3.medium"])
	assert.Equal(t, "62.49", monthly["t4g.medium"], "0.0416 and 0.55 of 2 vCPUs at 0.04, 730 hours")
	assert.NotContains(t, order, "t3.small")
	assert.NotContains(t, order, "t3.xlarge", "other CPUs")
}
