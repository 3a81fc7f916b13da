package cost

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// productText is an answer of GetProducts.
func productText(usd string) string {
	return `{"product":{"productFamily":"Compute Instance","sku":"S"},"terms":{"OnDemand":{"S.J":{"priceDimensions":{"S.J.6":{"unit":"Hrs","pricePerUnit":{"USD":"` + usd + `"}}}}}}}`
}

func TestParseProduct(t *testing.T) {
	usd, err := ParseProduct(productText("0.0520000000"))
	require.NoError(t, err)
	assert.InDelta(t, 0.052, usd, 1e-9)
	for text, want := range map[string]string{
		"{": "read a product", `{"terms":{"OnDemand":{}}}`: "has 0 prices on demand", productText("free"): `price "free"`, productText("0.0000000000"): "more than 0",
	} {
		_, err := ParseProduct(text)
		assert.ErrorContains(t, err, want)
	}
}

func TestProductOf(t *testing.T) {
	product, ok := ProductOf(seoul, "instance/t3.medium")
	assert.True(t, ok)
	assert.Equal(t, "t3.medium", product.Filters["instanceType"])
	assert.Equal(t, seoul, product.Filters["regionCode"])
	_, ok = ProductOf(seoul, "volume/gp3")
	assert.True(t, ok)
	_, ok = ProductOf(seoul, "transfer/internet")
	assert.False(t, ok, "it has tiers")
}

// A live price counts instead of the table's, and the table says where its prices are from.
func TestEstimate_LivePrices(t *testing.T) {
	args := Stack{Name: "dev", Region: seoul, Resources: []Resource{machine(nil), subnet(false)}, Usage: Usage{"load/web": 0.2, UsageInternetGiB: 0, UsageZonesGiB: 0}}
	prints := func(want string) {
		t.Helper()
		table, err := Estimate(args)
		require.NoError(t, err)
		var text strings.Builder
		require.NoError(t, table.Print(&text))
		assert.Contains(t, text.String(), want)
		assert.Equal(t, table.Bought().String(), map[bool]string{true: "75.74", false: "40.70"}[len(args.Live) > 0])
	}
	prints("prices of ap-northeast-2, 2026-11-23")
	args.Live = map[string]float64{"instance/t3.medium": 0.1}
	prints("1 prices live from AWS, the others: prices of ap-northeast-2, 2026-11-23")
	args.Live = map[string]float64{"instance/t9.medium": 0.1}
	_, err := Estimate(args)
	assert.ErrorContains(t, err, `price: "instance/t9.medium" must be in components/cost/prices.yaml`)
}
