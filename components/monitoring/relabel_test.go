package monitoring_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/internal/testing/promtest"
)

// active is a target as Prometheus lists it.
type active struct {
	ScrapeURL string            `json:"scrapeUrl"`
	Labels    map[string]string `json:"labels"`
}

// relabel returns the targets that a real Prometheus derives from the discovered ones.
func relabel(t *testing.T, job string, all []monitoring.Discovered) []active {
	t.Helper()
	config, err := monitoring.RelabelConfigs[job](all)
	require.NoError(t, err)
	prometheus := promtest.Start(t, config, nil)
	var targets struct {
		Active  []active `json:"activeTargets"`
		Dropped []any    `json:"droppedTargets"`
	}
	require.Eventually(t, func() bool {
		return prometheus.Get("/api/v1/targets", nil, &targets) == nil && len(targets.Active)+len(targets.Dropped) > 0
	}, time.Minute, 200*time.Millisecond)
	return targets.Active
}

func TestPodsJob_ScrapedOncePerPod(t *testing.T) {
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
	got := relabel(t, monitoring.JobPods, []monitoring.Discovered{
		{"127.0.0.2:8000", pod("web-1")},
		{"127.0.0.2:9000", pod("web-1", "pod_container_name", "exporter", "pod_container_port_number", "9000")},
		{"127.0.0.2:8000", pod("not-asked", "pod_annotation_prometheus_io_scrape", "")},
		{"127.0.0.2:8000", pod("not-wanted", "pod_annotation_prometheus_io_scrape", "false")},
		{"127.0.0.2:8000", pod("not-running", "pod_phase", "Succeeded")},
		{"127.0.0.2:8000", pod("no-port", "pod_annotation_prometheus_io_port", "")},
	})
	assert.Equal(t, []active{{
		ScrapeURL: "http://127.0.0.2:9000/metrics/per-object",
		Labels:    map[string]string{"job": monitoring.JobPods, "namespace": "app", "pod": "web-1", "instance": "web-1", "node": "api-one", "app": "web"},
	}}, got)
}

func TestNodeExporterJob_DiscoveredByNode(t *testing.T) {
	got := relabel(t, monitoring.JobNodeExporter, []monitoring.Discovered{{"127.0.0.3:10250", map[string]string{"node_name": "api-one"}}})
	assert.Equal(t, []active{{
		ScrapeURL: "http://127.0.0.3:9100/metrics",
		Labels:    map[string]string{"job": monitoring.JobNodeExporter, "node": "api-one", "instance": "api-one"},
	}}, got)
}

func TestAPIServerJob_HTTPSPortOnly(t *testing.T) {
	endpoint := func(service, port string) map[string]string {
		return map[string]string{"service_name": service, "endpointslice_port_name": port}
	}
	got := relabel(t, monitoring.JobAPIServer, []monitoring.Discovered{
		{"127.0.0.4:6443", endpoint("kubernetes", "https")},
		{"127.0.0.4:6444", endpoint("kubernetes", "other")},
		{"127.0.0.4:443", endpoint("something", "https")},
	})
	require.Len(t, got, 1)
	assert.True(t, strings.HasPrefix(got[0].ScrapeURL, "https://127.0.0.4:6443/"), got[0].ScrapeURL)
}
