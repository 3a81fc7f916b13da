package cost

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Product is a product of AWS's price list.
type Product struct {
	// Service is the code of the service, e.g. AmazonEC2.
	Service string
	// Filters are fields with their values, which describe one product.
	Filters map[string]string
}

// ListRegion is a region that serves AWS's price list; most do not.
const ListRegion = "ap-south-1"

// ProductOf returns the product of a price that can be read live: an instance type or a disk. Of the others the list has no single
// product, or tiers.
func ProductOf(region, key string) (Product, bool) {
	kind, name, _ := strings.Cut(key, "/")
	switch kind {
	case "instance":
		return Product{"AmazonEC2", map[string]string{
			"instanceType": name, "regionCode": region, "operatingSystem": "Linux", "preInstalledSw": "NA", "tenancy": "Shared",
			"capacitystatus": "Used", "licenseModel": "No License required", "marketoption": "OnDemand",
		}}, true
	case "volume":
		return Product{"AmazonEC2", map[string]string{"volumeApiName": name, "regionCode": region, "productFamily": "Storage"}}, true
	}
	return Product{}, false
}

// ParseProduct returns the price on demand in USD of a product, as GetProducts describes it in JSON.
func ParseProduct(text string) (float64, error) {
	var product struct {
		Terms struct {
			OnDemand map[string]struct {
				PriceDimensions map[string]struct {
					PricePerUnit map[string]string `json:"pricePerUnit"`
				} `json:"priceDimensions"`
			}
		} `json:"terms"`
	}
	if err := json.Unmarshal([]byte(text), &product); err != nil {
		return 0, fmt.Errorf("read a product of the price list: %w", err)
	}
	var prices []string
	for _, term := range product.Terms.OnDemand {
		for _, dimension := range term.PriceDimensions {
			prices = append(prices, dimension.PricePerUnit["USD"])
		}
	}
	if len(prices) != 1 {
		return 0, fmt.Errorf("a product of the price list has %d prices on demand, must be 1", len(prices))
	}
	usd, err := strconv.ParseFloat(prices[0], 64)
	if err == nil && usd <= 0 {
		err = errors.New("must be more than 0")
	}
	if err != nil {
		return 0, fmt.Errorf("price %q of the price list: %w", prices[0], err)
	}
	return usd, nil
}

// with replaces prices by those that were read live, in USD by key.
func (p *Prices) with(live map[string]float64) (*Prices, error) {
	out := *p
	out.byKey, out.live = maps.Clone(p.byKey), len(live)
	for _, key := range slices.Sorted(maps.Keys(live)) {
		price, err := p.Of(key)
		if err != nil {
			return nil, err
		}
		price.USD, price.Source = live[key], SourceLive
		out.byKey[key] = price
	}
	return &out, nil
}

// source names the origin of the prices.
func (t *Table) source() string {
	table := "prices of " + t.Region + ", " + t.Date.Format("2006-01-02")
	if t.Live == 0 {
		return table
	}
	return fmt.Sprintf("%d prices live from AWS, the others: %s", t.Live, table)
}
