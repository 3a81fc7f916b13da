package monitoring

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// found is what Kubernetes discovery says of one port of one pod, or of one node.
type found struct {
	address string
	meta    map[string]string // without "__meta_kubernetes_"
}

// active is a target as Prometheus lists it.
type active struct {
	ScrapeURL string            `json:"scrapeUrl"`
	Labels    map[string]string `json:"labels"`
}

// relabel has a real Prometheus decide what a job makes of what was found.
func relabel(t *testing.T, job scrapeConfig, all []found) []active {
	t.Helper()
	path, listen, dir := tool(t, "prometheus"), local(port(t)), folder(t, "")
	job.KubernetesSDConfigs, job.Authorization, job.TLSConfig = nil, nil, nil
	for _, f := range all {
		labels := map[string]string{}
		for name, value := range f.meta {
			labels["__meta_kubernetes_"+name] = value
		}
		job.StaticConfigs = append(job.StaticConfigs, staticConfig{Targets: []string{f.address}, Labels: labels})
	}
	// Nothing is read within the test.
	config := prometheusConfig{Global: globalConfig{ScrapeInterval: "1h", EvaluationInterval: "1h"}, ScrapeConfigs: []scrapeConfig{job}}
	text, err := marshal("prometheus.yml", config)
	require.NoError(t, err)
	server{path: path, args: []string{
		"--config.file=" + filepath.Join(write(t, map[string]string{configFile: text}), configFile),
		"--storage.tsdb.path=" + filepath.Join(dir, "data"), "--web.listen-address=" + listen,
	}}.start(t, dir)
	prometheus := prometheusAPI{url: "http://" + listen}
	var targets struct {
		Active  []active `json:"activeTargets"`
		Dropped []any    `json:"droppedTargets"`
	}
	require.Eventually(t, func() bool {
		return prometheus.get("/api/v1/targets", nil, &targets) == nil && len(targets.Active)+len(targets.Dropped) > 0
	}, time.Minute, 200*time.Millisecond)
	return targets.Active
}

func TestAnnotatedPodsAreReadOnce(t *testing.T) {
	pod := func(name string, change ...string) map[string]string {
		meta := map[string]string{
			"namespace": "app", "pod_name": name, "pod_ip": "127.0.0.2", "pod_phase": "Running", "pod_node_name": "api-one",
			"pod_label_app_kubernetes_io_name":             "web",
			"pod_annotation_prometheus_io_scrape":          "true",
			"pod_annotation_prometheus_io_port":            "9000",
			"pod_annotation_prometheus_io_path":            "/metrics/per-object",
			"pod_container_name":                           "web",
			"pod_annotationpresent_prometheus_io_scrape":   "true",
			"pod_container_port_number":                    "8000",
			"pod_annotation_kubernetes_io_something_other": "x",
		}
		for i := 0; i+1 < len(change); i += 2 {
			meta[change[i]] = change[i+1]
		}
		return meta
	}
	got := relabel(t, podsJob(), []found{
		{"127.0.0.2:8000", pod("web-1")},
		{"127.0.0.2:9000", pod("web-1", "pod_container_name", "exporter", "pod_container_port_number", "9000")},
		{"127.0.0.2:8000", pod("not-asked", "pod_annotation_prometheus_io_scrape", "")},
		{"127.0.0.2:8000", pod("not-wanted", "pod_annotation_prometheus_io_scrape", "false")},
		{"127.0.0.2:8000", pod("not-running", "pod_phase", "Succeeded")},
		{"127.0.0.2:8000", pod("no-port", "pod_annotation_prometheus_io_port", "")},
	})
	assert.Equal(t, []active{{
		ScrapeURL: "http://127.0.0.2:9000/metrics/per-object",
		Labels:    map[string]string{"job": jobPods, "namespace": "app", "pod": "web-1", "instance": "web-1", "node": "api-one", "app": "web"},
	}}, got)
}

func TestNodeExporterIsFoundByNode(t *testing.T) {
	got := relabel(t, nodeExporterJob(), []found{{"127.0.0.3:10250", map[string]string{"node_name": "api-one"}}})
	assert.Equal(t, []active{{
		ScrapeURL: "http://127.0.0.3:9100/metrics",
		Labels:    map[string]string{"job": jobNodeExporter, "node": "api-one", "instance": "api-one"},
	}}, got)
}

func TestOnlyTheAPIServersHTTPSPortIsRead(t *testing.T) {
	endpoint := func(service, port string) map[string]string {
		return map[string]string{"service_name": service, "endpointslice_port_name": port}
	}
	got := relabel(t, apiServerJob(), []found{
		{"127.0.0.4:6443", endpoint("kubernetes", "https")},
		{"127.0.0.4:6444", endpoint("kubernetes", "other")},
		{"127.0.0.4:443", endpoint("something", "https")},
	})
	require.Len(t, got, 1)
	assert.True(t, strings.HasPrefix(got[0].ScrapeURL, "https://127.0.0.4:6443/"), got[0].ScrapeURL)
}
