package promtest

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/internal/testing/realserver"
)

// CheckRules runs `promtool check rules`.
func CheckRules(t testing.TB, rules string) {
	t.Helper()
	promtool(t, map[string]string{"rules.yml": rules}, "check", "rules", "rules.yml")
}

// RunRuleTests runs `promtool test rules` with a test file whose rule_files is rules.yml.
func RunRuleTests(t testing.TB, rules, cases string) {
	t.Helper()
	promtool(t, map[string]string{"rules.yml": rules, "test.yml": cases}, "test", "rules", "test.yml")
}

func promtool(t testing.TB, files map[string]string, args ...string) {
	t.Helper()
	path, dir := realserver.Binary(t, "promtool"), t.TempDir()
	for name, text := range files {
		realserver.Write(t, filepath.Join(dir, name), text, 0o644, nil)
	}
	realserver.MustRun(t, realserver.Command{Path: path, Dir: dir, Args: args})
}

// ParseRules decodes a rule file.
func ParseRules(t testing.TB, rules string) monitoring.RuleFile {
	t.Helper()
	var file monitoring.RuleFile
	require.NoError(t, yaml.UnmarshalStrict([]byte(rules), &file))
	return file
}

// Alerts returns all alerting rules of the groups, or of all groups if none is given.
func Alerts(file monitoring.RuleFile, groups ...string) []monitoring.Rule {
	wanted := NameSet{}
	for _, group := range groups {
		wanted[group] = true
	}
	var alerts []monitoring.Rule
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			if rule.Alert != "" && (len(groups) == 0 || wanted[group.Name]) {
				alerts = append(alerts, rule)
			}
		}
	}
	return alerts
}

// CheckCoverage requires that promtool's test file has a case in which each alert fires and one in which it does not, and
// that it tests no other alert. Every alert must have a summary and a severity.
func CheckCoverage(t testing.TB, alerts []monitoring.Rule, cases string) {
	t.Helper()
	var file struct {
		Tests []struct {
			Cases []struct {
				Alert    string           `json:"alertname"`
				Expected []map[string]any `json:"exp_alerts"`
			} `json:"alert_rule_test"`
		} `json:"tests"`
	}
	require.NoError(t, yaml.Unmarshal([]byte(cases), &file))
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, test := range file.Tests {
		for _, c := range test.Cases {
			if len(c.Expected) > 0 {
				fires[c.Alert] = true
			} else {
				silent[c.Alert] = true
			}
		}
	}
	known := map[string]bool{}
	for _, r := range alerts {
		known[r.Alert] = true
		assert.True(t, fires[r.Alert], "no test in which %s fires", r.Alert)
		assert.True(t, silent[r.Alert] || r.Alert == monitoring.Watchdog, "no test in which %s does not fire", r.Alert)
		assert.NotEmpty(t, r.Annotations["summary"], r.Alert)
		severities := []string{string(monitoring.Critical), string(monitoring.Warning)}
		if r.Alert == monitoring.Watchdog {
			severities = []string{string(monitoring.None)}
		}
		assert.Contains(t, severities, r.Labels["severity"], r.Alert)
	}
	for name := range fires {
		assert.True(t, known[name], "%s is tested but is not a rule", name)
	}
}
