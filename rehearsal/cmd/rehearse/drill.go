package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/growbin/cluster/rehearsal/report"
)

// drill is something that happens to a running stack, by misfortune or on purpose. It comes after the second up; after it
// the cluster must be as designed again, and another up must change nothing.
type drill struct {
	// about says what happens, for a person.
	about string
	// config overrides settings from the start, by full key: where the drill has to begin elsewhere than the stack file.
	config map[string]string
	// phases are what happens, in order. They note what they find with rehearsal.compare.
	phases func(r *rehearsal) []phase
}

// phase is one step of a rehearsal.
type phase struct {
	name string
	do   func(context.Context) error
}

// drills are those that DRILL can name.
var drills = map[string]drill{}

// findDrill is the drill of that name; the empty name is none.
func findDrill(name string) (drill, error) {
	found, ok := drills[name]
	if name != "" && !ok {
		return drill{}, fmt.Errorf("DRILL is %q: it must be one of %s, or empty", name, strings.Join(slices.Sorted(maps.Keys(drills)), ", "))
	}
	return found, nil
}

// drillHelp lists the drills for a person.
func drillHelp() string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(drills)) {
		lines = append(lines, name+" ("+drills[name].about+")")
	}
	return strings.Join(lines, ", ")
}

// drillPhases are the drill and what must hold after it.
func (r *rehearsal) drillPhases() []phase {
	if r.options.drill == "" {
		return nil
	}
	r.report.Drill = &report.Drill{Name: r.options.drill, About: r.drill.about}
	return append(r.drill.phases(r),
		phase{"verify after", r.verify},
		phase{"up after", func(ctx context.Context) error { return r.unchanged(ctx, "up-after", "the up after the drill") }},
	)
}

// compare notes in the report what something was before and after; where it does not hold it is a problem too.
func (r *rehearsal) compare(what string, before, after any, holds bool) {
	row := report.Comparison{What: what, Before: fmt.Sprint(before), After: fmt.Sprint(after), Holds: holds}
	r.report.Drill.Comparisons = append(r.report.Drill.Comparisons, row)
	if !holds {
		r.problem("drill %s: %s: %v before, %v after", r.options.drill, what, before, after)
	}
}
