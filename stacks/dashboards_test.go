package stacks

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/internal/testing/promtest"
)

func TestDashboards_Grafana(t *testing.T) {
	dashboards := promtest.ParseDashboards(t, configMap(t, "monitoring-grafana-dashboards"))
	require.Len(t, dashboards, 7)
	for _, d := range dashboards {
		d.Check(t)
	}
	assert.True(t, dashboards["queues.json"].Uses(fmt.Sprintf("queue=~%q", regexp.QuoteMeta(queueDeadLetters))), "dead letters have a panel")
}

// A real Prometheus runs every query over real exporters, and over samples of the programs that cannot run here. Every
// panel must have a result, and every rule must use known metrics.
func TestQueries_RealPrometheus(t *testing.T) {
	t.Parallel()
	var names []string
	for _, queue := range queues() {
		names = append(names, queue.Name)
	}
	targets := append(promtest.Stores(t, names...), promtest.NodeExporter(t))
	targets = append(targets, promtest.Samples(t)...)
	rules := deployedRules(t)
	prometheus := promtest.Scrape(t, rules, targets)
	wanted := []string{
		"pg_up == 1", "redis_up == 1", fmt.Sprintf("%s{node=%q}", monitoring.NodeLoadMetric, promtest.Node), fmt.Sprintf("%s{node=%q}", nodeBandLow, promtest.Node),
	}
	// The broker declares one queue after another, and a scrape may come in between.
	for _, name := range names {
		wanted = append(wanted, fmt.Sprintf("rabbitmq_queue_messages{queue=%q}", name))
	}
	prometheus.WaitFor(t, wanted...)
	known := prometheus.Names(t)
	for _, d := range promtest.ParseDashboards(t, configMap(t, "monitoring-grafana-dashboards")) {
		prometheus.RunQueries(t, d, known, "Time above band, last day")
	}
	for _, group := range promtest.ParseRules(t, rules).Groups {
		for _, r := range group.Rules {
			known.Check(t, "rule "+r.Record+r.Alert, r.Expr)
		}
	}
}
