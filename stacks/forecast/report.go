package forecast

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/growbin/cluster/internal/forecast"
	"github.com/growbin/cluster/stacks"
)

// The two variants, and what they are called.
const (
	titleCanonical = "From Canonical's image"
	titlePrebuilt  = "From a prebuilt image"
)

// Report is both variants of a stack, and what each measure is worth.
type Report struct {
	Canonical, Prebuilt *forecast.Schedule
	Savings             []Saving
	// Before is when all pods ran before any measure, in seconds.
	Before float64
}

// Saving is what a measure is worth by itself, in seconds: how much later all pods would run without it.
type Saving struct {
	Measure string
	Seconds float64
}

// Report predicts both variants, and the first with each measure taken back.
func (p *Program) Report() (*Report, error) {
	r := &Report{}
	var err error
	if r.Canonical, err = p.Predict(forecast.Options{}); err != nil {
		return nil, err
	}
	if r.Prebuilt, err = p.Predict(forecast.Options{Prebuilt: true}); err != nil {
		return nil, err
	}
	before := forecast.Options{}
	for _, measure := range forecast.Measures() {
		without := forecast.Options{}
		measure.Undo(&without)
		measure.Undo(&before)
		schedule, err := p.Predict(without)
		if err != nil {
			return nil, err
		}
		r.Savings = append(r.Savings, Saving{measure.Name, schedule.End() - r.Canonical.End()})
	}
	all, err := p.Predict(before)
	if err != nil {
		return nil, err
	}
	r.Before = all.End()
	return r, nil
}

// Write prints the report.
func (r *Report) Write(w io.Writer) error {
	fmt.Fprintln(w, "Predicted from documented durations and assumptions (docs/time.md); nothing was measured on AWS.")
	fmt.Fprintln(w)
	if err := r.Canonical.WriteTable(w, titleCanonical); err != nil {
		return err
	}
	if err := r.Prebuilt.WriteTable(w, titlePrebuilt); err != nil {
		return err
	}
	fmt.Fprintf(w, "What each measure saves by itself; without all of them %s\n", forecast.Duration(r.Before))
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, saving := range r.Savings {
		fmt.Fprintf(table, "  %4.1f s\t%s\n", saving.Seconds, saving.Measure)
	}
	return table.Flush()
}

// Chart draws both variants, a row for Pulumi and one for each machine.
func (r *Report) Chart() (string, error) {
	nodes, err := stacks.Topology(nil)
	if err != nil {
		return "", err
	}
	lanes := []string{forecast.Engine}
	for _, n := range nodes {
		lanes = append(lanes, n.Name)
	}
	return forecast.Draw(lanes, forecast.Panel{Title: titleCanonical, Schedule: r.Canonical}, forecast.Panel{Title: titlePrebuilt, Schedule: r.Prebuilt}), nil
}
