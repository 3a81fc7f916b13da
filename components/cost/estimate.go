// Package cost estimates the monthly bill of a program from the AWS resources that it registers. Every registered type is priced
// or listed as free with the reason; a type in neither list is an error, so that no part of the bill is forgotten.
package cost

import (
	"fmt"
	"slices"
	"strings"

	"github.com/growbin/cluster/components/validation"
)

// Usage holds the quantities that no resource states, by key, or by key/NAME for one resource. Keys are those of the rules, e.g.
// "load" for the average CPU utilization of an instance, 0 to 1. A quantity that a resource needs must be set; 0 is a statement.
type Usage map[string]float64

// Stack describes a stack and its use.
type Stack struct {
	// Name is the name of the stack.
	Name string
	// Region is the AWS region of the prices.
	Region string
	// Resources are the registered resources.
	Resources []Resource
	// Usage holds the assumptions.
	Usage Usage
	// Commitments are the names of the rates at which instances are bought, e.g. savingsPlan1y, by the name of the instance.
	// Spot instances are known by their inputs.
	Commitments map[string]string
	// Live are prices that were read from AWS, in USD by key, see ProductOf. They count instead of those of the table.
	Live map[string]float64
}

// Estimate returns the monthly bill. Its error joins all problems.
func Estimate(args Stack) (*Table, error) {
	prices, err := ReadPrices(args.Region)
	if err == nil {
		prices, err = prices.with(args.Live)
	}
	if err != nil {
		return nil, err
	}
	e := &estimate{Stack: args, prices: prices, byURN: map[string]Resource{}, table: &Table{Name: args.Name, Region: args.Region, Date: prices.Date, Live: prices.live}}
	for _, r := range args.Resources {
		e.byURN[r.URN] = r
	}
	for _, r := range args.Resources {
		e.add(r)
	}
	e.transfer()
	if err := e.problems.Err(); err != nil {
		return nil, fmt.Errorf("cost of %s: %w", args.Name, err)
	}
	return e.table, nil
}

type estimate struct {
	Stack
	prices   *Prices
	byURN    map[string]Resource
	table    *Table
	problems validation.Problems
}

// freePackages are the Pulumi packages without a bill.
var freePackages = []string{"kubernetes", "random", "pulumi"}

func (e *estimate) add(r Resource) {
	if pkg, _, _ := strings.Cut(r.Type, ":"); slices.Contains(freePackages, pkg) {
		return
	}
	if priced, ok := pricedTypes[r.Type]; ok {
		priced(e, r)
		return
	}
	if _, ok := freeTypes[r.Type]; !ok {
		e.problems.Add(r.Name, r.Type, "must be a type that components/cost prices, or lists as free with the reason")
	}
}

// line adds an item with the price of a key; note states its assumption.
func (e *estimate) line(r Resource, item, key string, quantity float64, note string) {
	e.bought(r, item, key, quantity, 1, note)
}

// bought adds an item that is bought at a share of its price.
func (e *estimate) bought(r Resource, item, key string, quantity, share float64, note string) {
	price, err := e.prices.Of(key)
	if err != nil {
		e.problems.Include(r.Name, err)
		return
	}
	if quantity == 0 {
		return
	}
	if price.Source == SourceAssumed {
		note = strings.TrimPrefix(note+", price assumed", ", ")
	}
	e.table.Lines = append(e.table.Lines, Line{
		Resource: r.Name, Item: item, Quantity: quantity, Unit: price.Unit, Note: note,
		OnDemand: ToCents(quantity * price.USD), Bought: ToCents(quantity * price.USD * share),
	})
}

// month adds an item that is billed for all hours of the month.
func (e *estimate) month(r Resource, item, key string, count float64) {
	e.line(r, item, key, count*e.prices.HoursPerMonth, "")
}

// used returns an assumption, that of the resource first.
func (e *estimate) used(r Resource, key string) float64 {
	for _, k := range []string{key + "/" + r.Name, key} {
		if value, ok := e.Usage[k]; ok {
			return value
		}
	}
	e.problems.NotSet("Usage["+key+"/"+r.Name+"]", "must be an assumption for %s", r.Type)
	return 0
}

// transfer adds the data transfer of the stack, which belongs to no resource.
func (e *estimate) transfer() {
	stack := Resource{Name: "data transfer", Type: "data transfer"}
	e.line(stack, "to the internet", "transfer/internet", e.used(stack, UsageInternetGiB), "assumed quantity")
	e.line(stack, "between zones", "transfer/zones", e.used(stack, UsageZonesGiB), "assumed quantity")
}
