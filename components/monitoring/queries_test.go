package monitoring

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// prometheusAPI is a running Prometheus.
type prometheusAPI struct{ url string }

// startPrometheus runs the real one over targets, with the real rules.
func startPrometheus(t *testing.T, targets []target) prometheusAPI {
	t.Helper()
	path, listen, dir := tool(t, "prometheus"), local(port(t)), folder(t, "")
	rules, err := renderRules(complete())
	require.NoError(t, err)
	config := prometheusConfig{
		Global:    globalConfig{ScrapeInterval: "1s", EvaluationInterval: "1s"},
		RuleFiles: []string{rulesFile},
		ScrapeConfigs: []scrapeConfig{{
			JobName: jobPrometheus, StaticConfigs: []staticConfig{{Targets: []string{listen}}},
		}},
	}
	for i, target := range targets {
		// A job of its own for each, as paths differ; the label "job" is set to what it would be.
		labels := map[string]string{"job": target.job}
		for name, value := range target.labels {
			labels[name] = value
		}
		config.ScrapeConfigs = append(config.ScrapeConfigs, scrapeConfig{
			JobName: fmt.Sprint(i), MetricsPath: target.path, HonorLabels: target.job == jobKubeStateMetrics,
			StaticConfigs: []staticConfig{{Targets: []string{target.address}, Labels: labels}},
		})
	}
	text, err := marshal("prometheus.yml", config)
	require.NoError(t, err)
	files := write(t, map[string]string{configFile: text, rulesFile: rules})
	server{path: path, args: []string{
		"--config.file=" + filepath.Join(files, configFile), "--storage.tsdb.path=" + filepath.Join(dir, "data"), "--web.listen-address=" + listen,
	}}.start(t, dir)
	return prometheusAPI{url: "http://" + listen}
}

// get asks the API; an answer other than success is an error with Prometheus's words.
func (p prometheusAPI) get(path string, query url.Values, into any) error {
	response, err := http.Get(p.url + path + "?" + query.Encode())
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Status != "success" {
		return fmt.Errorf("prometheus: %s", answer.Error)
	}
	return json.Unmarshal(answer.Data, into)
}

// query returns the number of series that an expression has now.
func (p prometheusAPI) query(expr string) (int, error) {
	var data struct{ Result []any }
	err := p.get("/api/v1/query", url.Values{"query": {expr}}, &data)
	return len(data.Result), err
}

// waitFor waits until each expression has a series.
func (p prometheusAPI) waitFor(t *testing.T, exprs ...string) {
	t.Helper()
	// Seconds on an idle machine; a busy one is given time.
	deadline := time.Now().Add(90 * time.Second)
	for _, expr := range exprs {
		for {
			n, err := p.query(expr)
			if err == nil && n > 0 {
				break
			}
			if time.Now().After(deadline) {
				var targets json.RawMessage
				_ = p.get("/api/v1/query", url.Values{"query": {"up == 0"}}, &targets)
				t.Fatalf("%q has no series in time (%v); down: %s", expr, err, targets)
			}
			time.Sleep(200 * time.Millisecond)
		}
	}
}

// needHistory are panels that a Prometheus of a few seconds has nothing to show for.
var needHistory = map[string]bool{"Share of a day above band": true}

var variableUse = regexp.MustCompile(`\$(\w+)`)

// fill does what Grafana does with an expression's variables when "All" is chosen.
func fill(expr string) string {
	return variableUse.ReplaceAllStringFunc(expr, func(name string) string {
		if name == "$__rate_interval" {
			return "1m"
		}
		return ".*"
	})
}

// Every panel is rendered: its queries are run by a real Prometheus, which parses them, over what real exporters say,
// and must have something to show. There is no Grafana to open them in: Debian has none, npm has a placeholder of that
// name, and the Go proxy refuses the module, which would have no front end anyway.
func TestDashboardsShowWhatRealServersSay(t *testing.T) {
	targets := startExporters(t)
	prometheus := startPrometheus(t, targets)
	prometheus.waitFor(t,
		fmt.Sprintf("count(up == 1) == %d", len(targets)+1),
		`pg_up == 1`, `redis_up == 1`, `rabbitmq_queue_messages{queue="q.work"}`,
		// Rates need two readings.
		`count(count_over_time(up[1m]) >= 4) == `+fmt.Sprint(len(targets)+1),
		nodeLoad+`{node="api-one"}`, nodeExpected,
	)
	known := prometheus.knownNames(t)
	for _, board := range dashboardsFor(complete()) {
		for _, v := range board.Variables {
			var values []string
			require.NoError(t, prometheus.get("/api/v1/label/"+v.Label+"/values", url.Values{"match[]": {v.Series}}, &values))
			assert.NotEmpty(t, values, "%s offers no %s", board.UID, v.Name)
		}
		for _, panel := range board.panels() {
			for _, q := range panel.Queries {
				n, err := prometheus.query(fill(q.Expr))
				require.NoError(t, err, "%s, %q: %s", board.UID, panel.Title, q.Expr)
				assert.True(t, n > 0 || needHistory[panel.Title], "%s, %q shows nothing: %s", board.UID, panel.Title, q.Expr)
				known.check(t, board.UID+", "+panel.Title, fill(q.Expr))
			}
		}
	}
	for _, group := range rulesFor(complete()).Groups {
		for _, r := range group.Rules {
			known.check(t, "rule "+r.Record+r.Alert, r.Expr)
		}
	}
}

func (d dashboard) panels() []panel {
	var out []panel
	for _, r := range d.Rows {
		out = append(out, r.Panels...)
	}
	return out
}

// metricSet is the names of metrics that exist.
type metricSet map[string]bool

func (s metricSet) check(t *testing.T, where, expr string) {
	t.Helper()
	names := metricNames(expr)
	for _, name := range names {
		assert.True(t, s[name], "%s reads %s, which nothing exports", where, name)
	}
	assert.True(t, len(names) > 0 || strings.HasPrefix(expr, "vector("), "%s reads nothing: %s", where, expr)
}

// knownNames are those that Prometheus has read or recorded. The samples that it read hold documented names only.
func (p prometheusAPI) knownNames(t *testing.T) metricSet {
	t.Helper()
	var names []string
	require.NoError(t, p.get("/api/v1/label/__name__/values", nil, &names))
	known := metricSet{"ALERTS": true} // Prometheus's own, there when an alert is
	for _, name := range names {
		known[name] = true
	}
	return known
}
