package stacks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/growbin/cluster/components/postgresql"
)

// maxDatabaseConnections of the server leave 3 MiB for each sort in the memory of its node.
const maxDatabaseConnections = 136

// podsDuringUpdate is the number of pods of the application during a rolling update: one more, except for a singleton.
func (a Application) podsDuringUpdate() int {
	if a.Kind == kindBeat {
		return a.mostPods()
	}
	return a.mostPods() + 1
}

// processes is the number of processes of one pod that open connections to the database.
func (a Application) processes() int {
	if a.Pool == poolPrefork {
		return a.Concurrency
	}
	return 1
}

// databaseConnections is the maximum number of connections of all pods during a rolling update.
func (a Application) databaseConnections() int {
	return a.podsDuringUpdate() * a.processes() * a.DatabasePool
}

// aiCalls is the number of calls to the AI API that one pod makes at once; 0 for an application without its key.
func (a Application) aiCalls() int {
	switch {
	case !slices.Contains(a.Needs, envOpenAIKey):
		return 0
	case a.Kind == kindWorker:
		return a.Concurrency
	}
	return a.AICalls
}

// validateBudgets checks the sums of the catalog against the limits that the applications share.
func (s *Settings) validateBudgets(r *settingsReader) {
	calls, terms := 0, []string{}
	for _, a := range s.bounded(Applications()) {
		if each := a.aiCalls(); each > 0 {
			calls += a.podsDuringUpdate() * each
			terms = append(terms, fmt.Sprintf("%s %d x %d", a.Name, a.podsDuringUpdate(), each))
		} else if slices.Contains(a.Needs, envOpenAIKey) {
			r.problems.NotSet("catalog."+a.Name+".AICalls", "must be the calls to the AI API of one pod")
		}
		if a.DatabasePool < 1 {
			r.problems.Add("catalog."+a.Name+".DatabasePool", a.DatabasePool, "must be at least 1")
		}
	}
	if s.AIMaxCalls < calls {
		r.invalid("aiMaxCalls", s.AIMaxCalls, "must be at least %d, the calls at once during an update (%s), or replicas or concurrency less",
			calls, strings.Join(terms, ", "))
	}
	available := postgresql.AvailableConnections(maxDatabaseConnections, len(databases()))
	sum, terms := 0, nil
	for _, d := range s.databases() {
		of := d.Connections
		for _, c := range d.Clients {
			of += c.Connections
		}
		sum += of
		terms = append(terms, fmt.Sprintf("%s %d", d.Name, of))
	}
	if sum > available {
		r.problems.Add("catalog.DatabasePool", sum, "must be at most %d connections at once during an update (%s)", available, strings.Join(terms, ", "))
	}
}
