// Package promtest tests alert rules and dashboards: it runs a real Prometheus over real exporters, and promtool.
package promtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/internal/testing/realserver"
)

// startLimit is generous: it takes seconds on an idle machine.
const startLimit = 5 * time.Minute

// Prometheus is a running Prometheus.
type Prometheus struct{ url string }

// Start runs Prometheus with the given prometheus.yml until the test ends. Further files are written to its directory.
func Start(t testing.TB, config string, files map[string]string) *Prometheus {
	t.Helper()
	path, dir := realserver.Binary(t, "prometheus"), t.TempDir()
	realserver.Write(t, filepath.Join(dir, "prometheus.yml"), config, 0o644, nil)
	for name, text := range files {
		realserver.Write(t, filepath.Join(dir, name), text, 0o644, nil)
	}
	listen := local(realserver.FreePort(t))
	p := &Prometheus{url: "http://" + listen}
	process := realserver.Start(t, realserver.Command{Path: path, Dir: dir, Args: []string{
		"--config.file=prometheus.yml", "--storage.tsdb.path=data", "--web.listen-address=" + listen,
	}})
	process.WaitFor(t, "ready", startLimit, func() error {
		response, err := http.Get(p.url + "/-/ready")
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("/-/ready: %s", response.Status)
		}
		return nil
	})
	return p
}

// Scrape runs Prometheus over the targets with the given rules until the test ends, and waits until all targets are up
// and have samples enough for rates.
func Scrape(t testing.TB, rules string, targets []Target) *Prometheus {
	t.Helper()
	jobs := make([]map[string]any, 0, len(targets))
	for i, target := range targets {
		// Each target has a job of its own, as paths differ. The label "job" is set to that of the cluster.
		labels := map[string]string{"job": target.Job}
		for name, value := range target.Labels {
			labels[name] = value
		}
		job := map[string]any{
			"job_name": fmt.Sprint(i), "honor_labels": target.Job == monitoring.JobKubeStateMetrics,
			"static_configs": []any{map[string]any{"targets": []string{target.Address}, "labels": labels}},
		}
		if target.Path != "" {
			job["metrics_path"] = target.Path
		}
		jobs = append(jobs, job)
	}
	config, err := yaml.Marshal(map[string]any{
		"global":         map[string]any{"scrape_interval": "1s", "evaluation_interval": "1s"},
		"rule_files":     []string{"rules.yml"},
		"scrape_configs": jobs,
	})
	require.NoError(t, err)
	p := Start(t, string(config), map[string]string{"rules.yml": rules})
	p.WaitFor(t, fmt.Sprintf("count(up == 1) == %d", len(targets)),
		// Rates need at least two samples.
		fmt.Sprintf("count(count_over_time(up[1m]) >= 4) == %d", len(targets)))
	return p
}

// Get decodes the data of an API response. A response other than success is an error with Prometheus's message.
func (p *Prometheus) Get(path string, query url.Values, into any) error {
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

// Count returns the number of series of an expression at present.
func (p *Prometheus) Count(expr string) (int, error) {
	var data struct{ Result []any }
	err := p.Get("/api/v1/query", url.Values{"query": {expr}}, &data)
	return len(data.Result), err
}

// WaitFor waits until each expression has a series.
func (p *Prometheus) WaitFor(t testing.TB, exprs ...string) {
	t.Helper()
	deadline := time.Now().Add(startLimit)
	for _, expr := range exprs {
		for {
			n, err := p.Count(expr)
			if err == nil && n > 0 {
				break
			}
			if time.Now().After(deadline) {
				var down json.RawMessage
				_ = p.Get("/api/v1/query", url.Values{"query": {"up == 0"}}, &down)
				t.Fatalf("%q has no series within %s (%v); down: %s", expr, startLimit, err, down)
			}
			time.Sleep(200 * time.Millisecond)
		}
	}
}

func local(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
