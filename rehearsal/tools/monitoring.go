package tools

import "strings"

// Monitoring lists the programs of monitoring whose modules can be built. Their images are those of the pins.
func Monitoring() []Tool {
	return []Tool{
		// Of the service discoveries, only that of Kubernetes: the clouds' would take most of the build.
		{Name: "prometheus", Module: "prometheus", Package: "github.com/prometheus/prometheus/cmd/prometheus", tags: []string{"remove_all_sd", "enable_kubernetes_sd"}, stamp: stampPrometheus},
		{Name: "node_exporter", Module: "node-exporter", Package: "github.com/prometheus/node_exporter", stamp: stampPrometheus},
		{Name: "postgres_exporter", Module: "postgres-exporter", Package: "github.com/prometheus-community/postgres_exporter/cmd/postgres_exporter", stamp: stampPrometheus},
		{Name: "kube-state-metrics", Module: "kube-state-metrics", Package: "k8s.io/kube-state-metrics/v2", stamp: stampPrometheus},
		{Name: "metrics-server", Module: "metrics-server", Package: "sigs.k8s.io/metrics-server/cmd/metrics-server", stamp: func(version string) []string {
			return []string{"k8s.io/component-base/version.gitVersion=" + version}
		}},
	}
}

func stampPrometheus(version string) []string {
	return []string{"github.com/prometheus/common/version.Version=" + strings.TrimPrefix(version, "v")}
}
