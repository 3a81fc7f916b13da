package monitoring

import (
	"fmt"
	"maps"
	"strings"

	"github.com/growbin/cluster/components/validation"
)

// The types below are Prometheus's rule file (prometheus.io/docs/prometheus/latest/configuration/recording_rules).

// RuleFile is a file of rules.
type RuleFile struct {
	Groups []RuleGroup `json:"groups"`
}

// RuleGroup is a named list of rules that are evaluated one after the other.
type RuleGroup struct {
	Name  string `pulumi:"name" json:"name"`
	Rules []Rule `pulumi:"rules" json:"rules"`
}

// Rule records a series if Record is set, and raises an alert if Alert is set.
type Rule struct {
	// Record is the name of the recorded series, e.g. "node:load:utilisation".
	Record string `pulumi:"record" json:"record,omitempty"`
	// Alert is the name of the alert, e.g. "NodeDown".
	Alert string `pulumi:"alert" json:"alert,omitempty"`
	// Expr is a PromQL expression.
	Expr string `pulumi:"expr" json:"expr"`
	// For is how long Expr must hold before the alert fires, in Prometheus's notation, e.g. "15m".
	For string `pulumi:"for" json:"for,omitempty"`
	// Labels are added to the series or the alert. An alert needs "severity".
	Labels map[string]string `pulumi:"labels" json:"labels,omitempty"`
	// Annotations are texts of the alert. "summary" is required; "runbook_url" is added.
	Annotations map[string]string `pulumi:"annotations" json:"annotations,omitempty"`
}

// Severity is how soon a person should react to an alert.
type Severity string

const (
	// Critical alerts need a reaction now: something is down or about to be.
	Critical Severity = "critical"
	// Warning alerts need a reaction within the day.
	Warning Severity = "warning"
	// None is that of Watchdog, which is no problem.
	None Severity = "none"
)

// Watchdog is the name of an alert that always fires. Its absence means that Prometheus or Alertmanager does not work.
const Watchdog = "Watchdog"

func watchdogRules() []Rule {
	return []Rule{Alert(Watchdog, None, "", "vector(1)", "always fires: as long as it arrives, Prometheus and Alertmanager work")}
}

// Alert returns an alerting rule. It fires once expr has held for the duration after, e.g. "15m". Summary may use
// Prometheus's templates, e.g. "{{ $labels.node }}".
func Alert(name string, severity Severity, after, expr, summary string) Rule {
	return Rule{
		Alert: name, Expr: expr, For: after,
		Labels:      map[string]string{"severity": string(severity)},
		Annotations: map[string]string{"summary": summary},
	}
}

// RunbookAnchor is the anchor of an alert's entry in the runbook: the one of a heading with the alert's name.
func RunbookAnchor(alert string) string { return strings.ToLower(alert) }

// renderRules returns rules.yml.
func renderRules(a *MonitoringArgs) (string, error) { return marshal(rulesFile, a.ruleFile()) }

// ruleFile returns the rules of any cluster and those of the arguments. Every alert links to its entry in the runbook, and has
// its summary of the arguments.
func (a *MonitoringArgs) ruleFile() RuleFile {
	var file RuleFile
	for _, group := range append(a.ownRules(), a.Rules...) {
		if len(group.Rules) == 0 {
			continue
		}
		linked := RuleGroup{Name: group.Name}
		for _, rule := range group.Rules {
			linked.Rules = append(linked.Rules, a.withSummary(a.withRunbook(rule)))
		}
		file.Groups = append(file.Groups, linked)
	}
	return file
}

// ownRules are the rules that any cluster needs. Groups are empty if there is nothing to watch.
func (a *MonitoringArgs) ownRules() []RuleGroup {
	return []RuleGroup{
		{"nodes", nodeRules(a.Nodes)},
		{"pods", podRules()},
		{"control-plane", controlPlaneRules()},
		{"prometheus", a.retentionRules()},
		{"credentials", credentialRules(a.CertificateLead, a.JoinReadMaxAge)},
		{"backups", backupRules(a.Backups)},
		{"watchdog", watchdogRules()},
		{"etcd-backups", etcdBackupRules(a.EtcdBackupMaxAge)},
	}
}

func (a *MonitoringArgs) withRunbook(rule Rule) Rule {
	if rule.Alert == "" || a.RunbookURL == "" {
		return rule
	}
	annotations := map[string]string{"runbook_url": a.RunbookURL + "#" + RunbookAnchor(rule.Alert)}
	maps.Copy(annotations, rule.Annotations)
	rule.Annotations = annotations
	return rule
}

func (a *MonitoringArgs) withSummary(rule Rule) Rule {
	summary, replaced := a.Summaries[rule.Alert]
	if rule.Alert == "" || !replaced {
		return rule
	}
	rule.Annotations = maps.Clone(rule.Annotations)
	rule.Annotations["summary"] = summary
	return rule
}

func (a *MonitoringArgs) validateRules(problems *validation.Problems) {
	taken := map[string]bool{}
	for _, group := range a.ownRules() {
		taken[group.Name] = true
	}
	for i, group := range a.Rules {
		field := fmt.Sprintf("Rules[%d]", i)
		if group.Name == "" {
			problems.NotSet(field+".Name", "must be the group's name, e.g. queues")
		} else if taken[group.Name] {
			problems.Add(field+".Name", group.Name, "must differ from the names of all other groups")
		}
		taken[group.Name] = true
		for j, rule := range group.Rules {
			problems.Include(fmt.Sprintf("%s.Rules[%d]", field, j), rule.validate())
		}
	}
}

func (r Rule) validate() error {
	var problems validation.Problems
	if (r.Record == "") == (r.Alert == "") {
		problems.Add("Record", r.Record, "must be set if Alert is not, and only then; Alert is %q", r.Alert)
	}
	if r.Expr == "" {
		problems.NotSet("Expr", "must be a PromQL expression")
	}
	if r.Alert == "" {
		return problems.Err()
	}
	if severity := Severity(r.Labels["severity"]); severity != Critical && severity != Warning {
		problems.Add("Labels[severity]", string(severity), "must be %s or %s", Critical, Warning)
	}
	if r.Annotations["summary"] == "" {
		problems.NotSet("Annotations[summary]", "must be a sentence for the person who is paged")
	}
	return problems.Err()
}
