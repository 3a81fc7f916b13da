package monitoring_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/internal/testing/promtest"
)

func provisioned(t *testing.T, args *monitoring.MonitoringArgs) map[string]string {
	t.Helper()
	files, err := monitoring.ProvisionedDashboards(args)
	require.NoError(t, err)
	return files
}

func TestDashboards_Grafana(t *testing.T) {
	dashboards := promtest.ParseDashboards(t, provisioned(t, monitoring.SampleArgs()))
	require.Len(t, dashboards, 1)
	for _, d := range dashboards {
		d.Check(t)
	}
}

// Grafana exports a dashboard with fields of its database, which provisioning refuses.
func TestDashboards_ExportedByGrafana(t *testing.T) {
	args := monitoring.SampleArgs()
	args.Dashboards = map[string]string{"queues.json": `{
  "id": 17, "uid": "queues", "version": 3, "title": "Queues <&>",
  "panels": [{"id": 1, "type": "stat", "fieldConfig": {"defaults": {"max": 12345678901234567890}}}]
}`}
	files := provisioned(t, args)
	require.Len(t, files, 2)
	var saved map[string]any
	require.NoError(t, json.Unmarshal([]byte(files["queues.json"]), &saved))
	assert.NotContains(t, saved, "id")
	assert.NotContains(t, saved, "version")
	assert.Equal(t, "queues", saved["uid"])
	assert.Contains(t, files["queues.json"], "12345678901234567890", "numbers are unchanged")
	assert.Contains(t, files["queues.json"], "<&>")
	assert.JSONEq(t, provisioned(t, monitoring.SampleArgs())["cluster.json"], files["cluster.json"])
}

func TestSamples_DocumentedNamesOnly(t *testing.T) {
	promtest.CheckSamples(t, promtest.DocumentedNames(t, monitoring.WatchedResources()))
}

// A real Prometheus runs every query over a real node-exporter and samples of the programs that cannot run here.
func TestQueries_RealPrometheus(t *testing.T) {
	targets := append(promtest.Samples(t), promtest.NodeExporter(t))
	text := rules(t, monitoring.SampleArgs())
	prometheus := promtest.Scrape(t, text, targets)
	prometheus.WaitFor(t, monitoring.NodeLoadMetric+`{node="`+promtest.Node+`"}`, `count({__name__="node:expected"})`)
	known := prometheus.Names(t)
	for _, d := range promtest.ParseDashboards(t, provisioned(t, monitoring.SampleArgs())) {
		prometheus.RunQueries(t, d, known)
	}
	for _, group := range promtest.ParseRules(t, text).Groups {
		for _, r := range group.Rules {
			known.Check(t, "rule "+r.Record+r.Alert, r.Expr)
		}
	}
}
