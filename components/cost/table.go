package cost

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"
)

// Cents is an amount of money in hundredths of a USD.
type Cents int64

// ToCents rounds an amount in USD, half a cent up. Amounts that differ by less than a millionth are the same.
func ToCents(usd float64) Cents { return Cents(math.Round(math.Round(usd*1e6) / 1e4)) }

// USD returns the amount in USD.
func (c Cents) USD() float64 { return float64(c) / 100 }

// String returns the amount with two decimals, e.g. 37.96.
func (c Cents) String() string { return strconv.FormatFloat(c.USD(), 'f', 2, 64) }

// Line is one item of the monthly bill.
type Line struct {
	// Resource is the logical name of the resource that is billed, or of the assumption.
	Resource string
	// Item is the part of the resource that is billed, e.g. "t3.medium".
	Item string
	// Quantity is the number of units a month.
	Quantity float64
	// Unit is the unit of the price, e.g. hour.
	Unit string
	// OnDemand is the amount a month at list prices.
	OnDemand Cents
	// Bought is the amount a month as it is bought, e.g. on the spot market.
	Bought Cents
	// Awake is the share of the month in which a stopped instance lets AWS bill the line; 0 for a line that no stop ends.
	Awake float64
	// Note states the assumptions in the line; empty if there are none.
	Note string
}

// Table is the monthly bill of one stack. Amounts are rounded per line, so the totals are the sums of the lines.
type Table struct {
	// Name is the name of the stack.
	Name string
	// Region and Date identify the prices.
	Region string
	Date   time.Time
	// Live is the number of prices that were read from AWS; the others are of Date.
	Live int
	// Lines are sorted by type and name of their resource; those of assumptions are last.
	Lines []Line
}

// OnDemand returns the sum at list prices.
func (t *Table) OnDemand() (sum Cents) {
	for _, line := range t.Lines {
		sum += line.OnDemand
	}
	return sum
}

// Bought returns the sum as it is bought.
func (t *Table) Bought() (sum Cents) {
	for _, line := range t.Lines {
		sum += line.Bought
	}
	return sum
}

// Saved returns the amount that the hours asleep save, as bought.
func (t *Table) Saved() (sum Cents) {
	for _, line := range t.Lines {
		if line.Awake > 0 && line.Awake < 1 {
			sum += ToCents(line.Bought.USD()/line.Awake) - line.Bought
		}
	}
	return sum
}

// asleep is the share of the month in which instances are stopped.
func (t *Table) asleep() (share float64) {
	for _, line := range t.Lines {
		if line.Awake > 0 {
			share = max(share, 1-line.Awake)
		}
	}
	return share
}

// BilledAsleep returns the part of the bill, as bought, for the hours in which the instances are stopped: disks, Elastic IPs, load
// balancers and everything else with a price per hour or per month.
func (t *Table) BilledAsleep() (sum Cents) {
	share := t.asleep()
	for _, line := range t.Lines {
		if line.Awake == 0 && slices.Contains(standing, line.Unit) {
			sum += ToCents(line.Bought.USD() * share)
		}
	}
	return sum
}

// standing are the units of prices for existence, not for use.
var standing = []string{"hour", "month", "GiB-month"}

// Print writes the table for people.
func (t *Table) Print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s\titem\tquantity\ton demand\tas bought\t\n", t.Name)
	for _, l := range t.Lines {
		fmt.Fprintf(w, "%s\t%s\t%s %s\t%s\t%s\t%s\n", l.Resource, l.Item, quantity(l.Quantity), l.Unit, l.OnDemand, l.Bought, l.Note)
	}
	fmt.Fprintf(w, "total\t\t\t%s\t%s\tUSD a month without tax; %s\n", t.OnDemand(), t.Bought(), t.source())
	if share := t.asleep(); share > 0 {
		fmt.Fprintf(w, "asleep\t\t%.0f %% of the month\t\t%s\tstill billed in these hours: disks, Elastic IPs, load balancers; %s saved\n", share*100, t.BilledAsleep(), t.Saved())
	}
	return w.Flush()
}

// quantity shows at most one decimal.
func quantity(value float64) string { return strconv.FormatFloat(math.Round(value*10)/10, 'f', -1, 64) }
