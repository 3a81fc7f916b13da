package monitoring

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

func TestRulesPassPromtool(t *testing.T) {
	promtool := tool(t, "promtool")
	for name, args := range map[string]*MonitoringArgs{
		"everything": complete(),
		"least":      {Nodes: []Node{{Name: "only", Purpose: "All"}}, JoinTokenLead: 1, CertificateLead: 1},
	} {
		text, err := renderRules(args)
		require.NoError(t, err)
		dir := write(t, map[string]string{rulesFile: text})
		out, err := runTool(t, dir, promtool, "check", "rules", rulesFile)
		require.NoError(t, err, "%s: %s", name, out)
	}
}

func TestAlertsFireWhenTheyShouldAndOnlyThen(t *testing.T) {
	promtool := tool(t, "promtool")
	rules, err := renderRules(complete())
	require.NoError(t, err)
	cases, err := os.ReadFile("testdata/rules_test.yml")
	require.NoError(t, err)
	dir := write(t, map[string]string{rulesFile: rules, "test.yml": string(cases)})
	out, err := runTool(t, dir, promtool, "test", "rules", "test.yml")
	require.NoError(t, err, out)
}

// ruleTests is what is read here of promtool's test files.
type ruleTests struct {
	Tests []struct {
		Cases []struct {
			Alert    string           `json:"alertname"`
			Expected []map[string]any `json:"exp_alerts"`
		} `json:"alert_rule_test"`
	} `json:"tests"`
}

func TestEveryAlertIsTestedBothWays(t *testing.T) {
	text, err := os.ReadFile("testdata/rules_test.yml")
	require.NoError(t, err)
	var file ruleTests
	require.NoError(t, yaml.Unmarshal(text, &file))
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
	for _, group := range rulesFor(complete()).Groups {
		for _, r := range group.Rules {
			if r.Alert == "" {
				continue
			}
			known[r.Alert] = true
			require.True(t, fires[r.Alert], "no test sees %s fire", r.Alert)
			require.True(t, silent[r.Alert], "no test sees %s stay silent", r.Alert)
			require.NotEmpty(t, r.Annotations["summary"], r.Alert)
			require.Contains(t, []string{string(critical), string(warning)}, r.Labels["severity"], r.Alert)
		}
	}
	for name := range fires {
		require.True(t, known[name], "%s is tested but no longer a rule", name)
	}
}

func TestNothingIsSaidOfWhatIsNotThere(t *testing.T) {
	args := complete()
	args.Queues, args.DeadLetterQueues, args.Backups, args.EtcdBackupMaxAge = nil, nil, nil, 0
	for _, group := range rulesFor(args).Groups {
		require.NotContains(t, []string{"queues", "backups", "etcd-backups"}, group.Name)
	}
}
