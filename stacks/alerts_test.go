package stacks

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/internal/testing/promtest"
)

// configMap returns the files of a deployed ConfigMap.
func configMap(t *testing.T, name string) map[string]string {
	t.Helper()
	files := objectsOf[corev1.ConfigMap](t, deploy(t, "prod", nil), "core/v1:ConfigMap")[name].Data
	require.NotEmpty(t, files, name)
	return files
}

func deployedRules(t *testing.T) string { return configMap(t, "monitoring-prometheus")["rules.yml"] }

// ruleTests returns promtool's test file.
func ruleTests(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("testdata/rules_test.yml")
	require.NoError(t, err)
	purpose := func(name string) string {
		node, err := nodeNamed(topology, name)
		require.NoError(t, err)
		return node.Purpose
	}
	var series []string
	for _, application := range catalog {
		if application.Kind == kindAPI && application.Name != "auth-api" {
			series = append(series, fmt.Sprintf(`      - {series: 'http_requests_total{job="pods",app=%q,status="2xx",handler="/x"}', values: '0+90x60'}`, application.Name))
		}
	}
	return strings.NewReplacer("$APISERIES", strings.Join(series, "\n"), "$API", purpose("k8s-api-low-traffic"), "$AI", purpose("k8s-worker-ai"), "$RUNBOOK", runbookURL).Replace(string(text))
}

func TestAlerts_Promtool(t *testing.T) {
	rules := deployedRules(t)
	promtest.CheckRules(t, rules)
	promtest.RunRuleTests(t, rules, ruleTests(t))
}

func TestAlerts_TestedBothWays(t *testing.T) {
	var groups []string
	for _, group := range alertRules(topology) {
		groups = append(groups, group.Name)
	}
	alerts := promtest.Alerts(promtest.ParseRules(t, deployedRules(t)), groups...)
	require.NotEmpty(t, alerts)
	promtest.CheckCoverage(t, alerts, ruleTests(t))
}

func TestAlerts_EveryAlertHasARunbookEntry(t *testing.T) {
	page, err := os.ReadFile("../docs/operate.md")
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(runbookURL, "/docs/operate.md"))
	anchors := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^#+ +(.+?) *$`).FindAllStringSubmatch(string(page), -1) {
		anchors[anchorOf(heading[1])] = true
	}
	for _, alert := range promtest.Alerts(promtest.ParseRules(t, deployedRules(t))) {
		anchor, ok := strings.CutPrefix(alert.Annotations["runbook_url"], runbookURL+"#")
		if assert.True(t, ok, "%s has no runbook_url", alert.Alert) {
			assert.True(t, anchors[anchor], "docs/operate.md has no heading %s", alert.Alert)
		}
	}
}

// anchorOf returns the anchor that GitHub gives a heading.
func anchorOf(heading string) string {
	kept := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(kept, " ", "-")
}

// Each alert of Growbin's has one entry in the runbook, whole in both languages, and each entry has its alert.
func TestAlerts_RunbookEntries(t *testing.T) {
	var explained []string
	for _, group := range alertGroups(topology) {
		var raised []string
		for _, rule := range group.Rules {
			if rule.Alert != "" && !slices.Contains(raised, rule.Alert) {
				raised = append(raised, rule.Alert)
			}
		}
		var entries []string
		for _, entry := range group.Runbook {
			entries = append(entries, entry.Alert)
			for _, text := range []Explanation{entry.English, entry.Korean} {
				assert.NotEmpty(t, text.Means, entry.Alert)
				assert.NotEmpty(t, text.Look, entry.Alert)
				assert.NotEmpty(t, text.Do, entry.Alert)
			}
		}
		assert.ElementsMatch(t, raised, entries, group.Name)
		explained = append(explained, entries...)
	}
	assert.GreaterOrEqual(t, len(explained), 11)
	assert.Len(t, Runbook(), len(explained))
}

func parsedAlerts(t *testing.T) []monitoring.Rule {
	t.Helper()
	return promtest.Alerts(promtest.ParseRules(t, deployedRules(t)))
}

func TestBands_Invalid(t *testing.T) {
	nodes, err := Topology("prod", nil)
	require.NoError(t, err)
	nodes[1].Band, nodes[2].Band, nodes[3].Band = &Band{80, 60}, &Band{0, 50}, &Band{50, 101}
	err = checkTopology(nodes, map[string]bool{}, nil)
	for i, value := range map[int]string{1: "80-60", 2: "0-50", 3: "50-101"} {
		assert.ErrorContains(t, err, "topology."+nodes[i].Name+`.Band: "`+value+`" must`)
	}
}

func TestAlerts_EveryQueueIsWatched(t *testing.T) {
	rules := deployedRules(t)
	for _, queue := range queues() {
		assert.Contains(t, strings.ReplaceAll(rules, `\\`, ""), queue.Name)
	}
}
