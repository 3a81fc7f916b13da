package monitoring_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/internal/testing/promtest"
)

func rules(t *testing.T, args *monitoring.MonitoringArgs) string {
	t.Helper()
	text, err := monitoring.Rules(args)
	require.NoError(t, err)
	return text
}

func ruleTests(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("testdata/rules_test.yml")
	require.NoError(t, err)
	return string(text)
}

func TestRules_Promtool(t *testing.T) {
	for name, args := range map[string]*monitoring.MonitoringArgs{
		"everything": monitoring.SampleArgs(),
		"least":      {Nodes: []monitoring.Node{{Name: "only", Purpose: "All"}}, JoinReadMaxAge: 1, CertificateLead: 1},
	} {
		t.Run(name, func(t *testing.T) { promtest.CheckRules(t, rules(t, args)) })
	}
}

func TestAlerts_Promtool(t *testing.T) {
	promtest.RunRuleTests(t, rules(t, monitoring.SampleArgs()), ruleTests(t))
}

func TestAlerts_TestedBothWays(t *testing.T) {
	file := promtest.ParseRules(t, rules(t, monitoring.SampleArgs()))
	promtest.CheckCoverage(t, promtest.Alerts(file), ruleTests(t))
}

func TestRules_NothingToWatch(t *testing.T) {
	args := monitoring.SampleArgs()
	args.Backups, args.EtcdBackupMaxAge = nil, 0
	for _, group := range promtest.ParseRules(t, rules(t, args)).Groups {
		require.NotContains(t, []string{"backups", "etcd-backups"}, group.Name)
	}
}

func TestRules_Arguments(t *testing.T) {
	args := monitoring.SampleArgs()
	args.Rules = []monitoring.RuleGroup{
		{Name: "queues", Rules: []monitoring.Rule{monitoring.Alert("QueueFull", monitoring.Warning, "1m", "messages > 1", "full")}},
		{Name: "empty"},
	}
	args.RunbookURL = "https://example.com/runbook"
	file := promtest.ParseRules(t, rules(t, args))
	added := promtest.Alerts(file, "queues")
	require.Len(t, added, 1)
	assert.Equal(t, map[string]string{"summary": "full", "runbook_url": "https://example.com/runbook#queuefull"}, added[0].Annotations)
	for _, group := range file.Groups {
		assert.NotEqual(t, "empty", group.Name, "Prometheus needs no empty groups")
	}
	for _, alert := range promtest.Alerts(file) {
		assert.Equal(t, "https://example.com/runbook#"+monitoring.RunbookAnchor(alert.Alert), alert.Annotations["runbook_url"])
	}
	assert.NotContains(t, rules(t, monitoring.SampleArgs()), "runbook_url", "there is no runbook to link to")
}
