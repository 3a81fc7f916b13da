package stacks

import (
	"github.com/growbin/cluster/components/monitoring"
)

// runbookURL is the page that explains every alert, with a heading for each.
const runbookURL = "https://github.com/growbin/cluster/blob/main/docs/operate.md"

// alertGroup is a group of rules, with the entry of each of its alerts in the runbook.
type alertGroup struct {
	Name    string
	Rules   []monitoring.Rule
	Runbook []RunbookEntry
}

// RunbookEntry explains an alert to the person on call. `make docs` writes it to docs/operate.md and its Korean twin.
type RunbookEntry struct {
	Alert           string
	English, Korean Explanation
}

// Explanation is an entry of the runbook in one language, in Markdown. Links are relative to the page of that language.
type Explanation struct {
	// Means is the state of the system, e.g. "The queue has no consumer."
	Means string
	// Look is where the cause can be seen: a command, a dashboard.
	Look string
	// Do is the remedy.
	Do string
}

// alertGroups are the alerts of Growbin's nodes, queues, stores and APIs. The component adds those of any cluster.
func alertGroups(nodes []Node) []alertGroup {
	return []alertGroup{loadAlerts(nodes), creditAlerts(nodes), queueAlerts(), storeAlerts(), apiAlerts()}
}

func alertRules(nodes []Node) []monitoring.RuleGroup {
	var groups []monitoring.RuleGroup
	for _, group := range alertGroups(nodes) {
		groups = append(groups, monitoring.RuleGroup{Name: group.Name, Rules: group.Rules})
	}
	return groups
}

// Runbook returns the entries of Growbin's alerts.
func Runbook() []RunbookEntry {
	var entries []RunbookEntry
	for _, group := range alertGroups(topology) {
		entries = append(entries, group.Runbook...)
	}
	return entries
}
