package monitoring

// The types below are Prometheus's rule file (prometheus.io/docs/prometheus/latest/configuration/recording_rules).

type ruleFile struct {
	Groups []ruleGroup `json:"groups"`
}

type ruleGroup struct {
	Name  string `json:"name"`
	Rules []rule `json:"rules"`
}

// rule records a series when Record is set and raises an alert when Alert is.
type rule struct {
	Record      string            `json:"record,omitempty"`
	Alert       string            `json:"alert,omitempty"`
	Expr        string            `json:"expr"`
	For         string            `json:"for,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// severity says how soon a person has to look.
type severity string

const (
	// critical: now, something is down or about to be.
	critical severity = "critical"
	// warning: within the day.
	warning severity = "warning"
)

// alert makes an alerting rule; after is how long expr has to hold, and summary may use Prometheus's templates.
func alert(name string, level severity, after, expr, summary string) rule {
	return rule{
		Alert: name, Expr: expr, For: after,
		Labels:      map[string]string{"severity": string(level)},
		Annotations: map[string]string{"summary": summary},
	}
}

// renderRules returns rules.yml.
func renderRules(a *MonitoringArgs) (string, error) { return marshal(rulesFile, rulesFor(a)) }

// rulesFor lists the rules that a makes sense of: nothing is said of queues where there are none.
func rulesFor(a *MonitoringArgs) ruleFile {
	var file ruleFile
	for _, group := range []ruleGroup{
		{"nodes", nodeRules()},
		{"load", loadRules(a.Nodes)},
		{"pods", podRules()},
		{"queues", queueRules(a.Queues, a.DeadLetterQueues)},
		{"credentials", credentialRules(a.CertificateLead, a.JoinTokenLead)},
		{"backups", backupRules(a.Backups)},
		{"etcd-backups", etcdBackupRules(a.EtcdBackupMaxAge)},
	} {
		if len(group.Rules) > 0 {
			file.Groups = append(file.Groups, group)
		}
	}
	return file
}
