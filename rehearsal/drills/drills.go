// Package drills holds the failures and operations that a rehearsal can inject into a running stack.
package drills

import (
	"fmt"
	"strings"

	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/engine"
)

// All returns the drills, in the order of their names.
func All() []rehearsal.Drill {
	return []rehearsal.Drill{
		apiNode(), argoCD(), argoCDFirst(), commands(), controlPlane(), database(), disk(), gone(), grow(), pages(), releases(), rotate(), asleep(), spot(), upgradeVersion(), volume(), worker(),
	}
}

// Find returns the drill of a name, or nil if the name is empty.
func Find(name string) (*rehearsal.Drill, error) {
	if name == "" {
		return nil, nil
	}
	var names []string
	for _, drill := range All() {
		if drill.Name == name {
			return &drill, nil
		}
		names = append(names, drill.Name)
	}
	return nil, fmt.Errorf("DRILL is %q: must be one of %s, or empty", name, strings.Join(names, ", "))
}

// Help describes the drills in one line.
func Help() string {
	var lines []string
	for _, drill := range All() {
		lines = append(lines, drill.Name+" ("+drill.About+")")
	}
	return strings.Join(lines, ", ")
}

// join lists strings for a report.
func join(found []string) string {
	if len(found) == 0 {
		return "none"
	}
	return strings.Join(found, "; ")
}

// noOptions are the options of an update without adjustments.
var noOptions = engine.RunOptions{}
