package rehearsal

import (
	"context"
	"fmt"

	"github.com/growbin/cluster/rehearsal/report"
)

// Drill injects failures into a running stack, or operates it, after the second update. Afterwards the cluster must be as
// designed, and another update must change nothing.
type Drill struct {
	// Name is the value of DRILL.
	Name string
	// About describes the drill in half a sentence.
	About string
	// Program is the only program that the drill can run on.
	Program string
	// Config overrides settings from the start, by full key, e.g. to begin with an older version.
	Config map[string]string
	// Around, if non-nil, returns phases before the first preview, e.g. to start a server whose address is a setting, and phases after the
	// first update, before it is verified. It is called before Phases.
	Around func(r *Rehearsal) (before, after []Phase)
	// Final ends the stack with the drill: the destroy follows at once, without another verification or update.
	Final bool
	// Phases returns the drill's phases, in order. They record their results with Rehearsal.Compare.
	Phases func(r *Rehearsal) []Phase
}

// aroundPhases are those of the drill before and after the first update.
func (r *Rehearsal) aroundPhases() (before, after []Phase) {
	drill := r.Options.Drill
	if drill == nil || drill.Around == nil {
		return nil, nil
	}
	return drill.Around(r)
}

// drillPhases are those of the drill after the second update, and the checks after it.
func (r *Rehearsal) drillPhases() []Phase {
	drill := r.Options.Drill
	if drill == nil {
		return nil
	}
	if drill.Final {
		return drill.Phases(r)
	}
	return append(drill.Phases(r),
		Phase{"verify after", r.Verify},
		Phase{"up after", func(ctx context.Context) error { return r.Unchanged(ctx, "up-after", "the up after the drill") }},
	)
}

// Compare records a value before and after the drill. If holds is false, it is a problem too.
func (r *Rehearsal) Compare(subject string, before, after any, holds bool) {
	row := report.Comparison{Subject: subject, Before: fmt.Sprint(before), After: fmt.Sprint(after), Holds: holds}
	r.report.Drill.Comparisons = append(r.report.Drill.Comparisons, row)
	if !holds {
		r.Problem("drill %s: %s: %v before, %v after", r.Options.Drill.Name, subject, before, after)
	}
}
