package awssim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// listRegion is a region that serves the price list.
const listRegion = "ap-south-1"

const productToken = "aws:pricing/getProduct:getProduct"

// productLookup is GetProducts of AWS's price list for one product. The account may use it if it has Options.Prices.
var productLookup = lookup{
	actions: []string{"pricing:GetProducts"},
	arguments: properties{
		"serviceCode": {kind: text, required: true},
		"filters":     {kind: blocks, required: true, fields: properties{"field": {kind: text, required: true}, "value": {kind: text, required: true}}},
	},
	answer: func(c *Cloud, in values) (values, error) {
		if c.options.Prices == nil {
			return nil, refuse("Pricing", "GetProducts", "AccessDeniedException", "User: %s is not authorized to perform: pricing:GetProducts",
				c.globalARN("iam", "user/simulated"))
		}
		wanted := map[string]string{}
		for _, filter := range in.blocks("filters") {
			wanted[filter.text("field")] = filter.text("value")
		}
		found := map[string]float64{}
		for _, name := range slices.Sorted(maps.Keys(c.options.Prices)) {
			if wanted["regionCode"] == c.options.Region && (name == wanted["instanceType"] || name == wanted["volumeApiName"]) {
				found[name] = c.options.Prices[name]
			}
		}
		if len(found) != 1 {
			return nil, fmt.Errorf("Pricing product query did not return exactly one element, but %d", len(found)) //nolint:staticcheck // the provider's words
		}
		for _, usd := range found {
			text, err := json.Marshal(map[string]any{"terms": map[string]any{"OnDemand": map[string]any{"S.J": map[string]any{
				"priceDimensions": map[string]any{"S.J.6": map[string]any{"pricePerUnit": map[string]string{"USD": strconv.FormatFloat(usd, 'f', 10, 64)}}},
			}}}})
			out := in.copy()
			out["id"], out["result"] = "1", string(text)
			return out, err
		}
		return nil, nil
	},
}
