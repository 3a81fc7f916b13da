package cost

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/growbin/cluster/components/validation"
)

//go:embed prices.yaml
var pricesFile []byte

// Sources of a price.
const (
	// SourceList marks a price that was looked up in AWS's price list.
	SourceList = "list"
	// SourceAssumed marks a price that has yet to be confirmed.
	SourceAssumed = "assumed"
	// SourceLive marks a price that AWS has just told.
	SourceLive = "live"
)

// Price is one price of AWS.
type Price struct {
	// USD is the price of one Unit, without tax.
	USD float64 `json:"usd"`
	// Unit is the quantity that is billed, e.g. hour or GiB-month.
	Unit string `json:"unit"`
	// Source is SourceList, SourceAssumed or SourceLive.
	Source string `json:"source"`
}

// Prices are the prices of one region by key, e.g. "instance/t3.small".
type Prices struct {
	// Region is the AWS region, e.g. ap-northeast-2.
	Region string
	// Date is the day of the table.
	Date time.Time
	// HoursPerMonth is the length of a month in hours.
	HoursPerMonth float64

	byKey map[string]Price
	// live is the number of live prices.
	live int
}

// ReadPrices returns the prices of a region.
func ReadPrices(region string) (*Prices, error) {
	var file struct {
		Date          string                      `json:"date"`
		HoursPerMonth float64                     `json:"hoursPerMonth"`
		Regions       map[string]map[string]Price `json:"regions"`
	}
	if err := yaml.UnmarshalStrict(pricesFile, &file); err != nil {
		return nil, fmt.Errorf("read the table of prices: %w", err)
	}
	date, err := time.Parse(time.DateOnly, file.Date)
	if err != nil {
		return nil, fmt.Errorf("date of the table of prices: %w", err)
	}
	prices, known := file.Regions[region]
	if !known {
		return nil, validation.Problem{
			Field: "region", Value: region,
			Must: "must have prices in components/cost/prices.yaml; it has those of " + strings.Join(slices.Sorted(maps.Keys(file.Regions)), ", "),
		}
	}
	return &Prices{Region: region, Date: date, HoursPerMonth: file.HoursPerMonth, byKey: prices}, nil
}

// Of returns the price with a key.
func (p *Prices) Of(key string) (Price, error) {
	price, known := p.byKey[key]
	if !known {
		return Price{}, validation.Problem{Field: "price", Value: key, Must: "must be in components/cost/prices.yaml for region " + p.Region}
	}
	return price, nil
}
