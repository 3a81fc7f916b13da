package monitoring

import "fmt"

// Names of the scrape jobs; rules and dashboards select series by them.
const (
	jobPrometheus       = "prometheus"
	jobAlertmanager     = "alertmanager"
	jobAPIServer        = "kubernetes-apiserver"
	jobKubelet          = "kubelet"
	jobCadvisor         = "cadvisor"
	jobNodeExporter     = "node-exporter"
	jobKubeStateMetrics = "kube-state-metrics"
	jobPods             = "pods"
)

// scrapeJobs lists what Prometheus reads.
func scrapeJobs() []scrapeConfig {
	return []scrapeConfig{
		static(jobPrometheus, address("localhost", PrometheusPort)),
		static(jobAlertmanager, address(AlertmanagerService, AlertmanagerPort)),
		apiServerJob(),
		kubeletJob(jobKubelet, "/metrics", nil),
		kubeletJob(jobCadvisor, "/metrics/cadvisor", []relabelConfig{
			// Series of whole cgroup slices repeat what their containers say, and are most of the volume.
			{SourceLabels: []string{"id", "pod"}, Regex: ".+;", Action: "drop"},
		}),
		nodeExporterJob(),
		kubeStateMetricsJob(),
		podsJob(),
	}
}

func static(job, target string) scrapeConfig {
	return scrapeConfig{JobName: job, StaticConfigs: []staticConfig{{Targets: []string{target}}}}
}

// inCluster authenticates to the API server and to kubelets as Prometheus's service account.
func inCluster() *authorization {
	return &authorization{CredentialsFile: serviceAccountDir + "/token"}
}

// apiServerJob reads each API server behind the Service "kubernetes".
func apiServerJob() scrapeConfig {
	return scrapeConfig{
		JobName:       jobAPIServer,
		Scheme:        "https",
		Authorization: inCluster(),
		TLSConfig:     &tlsConfig{CAFile: serviceAccountDir + "/ca.crt"},
		KubernetesSDConfigs: []kubernetesSD{{
			// Only this namespace: the service account may list EndpointSlices in no other.
			Role: "endpointslice", Namespaces: &sdNamespaces{Names: []string{"default"}},
		}},
		RelabelConfigs: []relabelConfig{{
			SourceLabels: []string{"__meta_kubernetes_service_name", "__meta_kubernetes_endpointslice_port_name"},
			Regex:        "kubernetes;https", Action: "keep",
		}},
	}
}

// nodeLabels names a node's series for the node, which is named for its purpose, and not for an address.
func nodeLabels() []relabelConfig {
	return []relabelConfig{
		{SourceLabels: []string{"__meta_kubernetes_node_name"}, TargetLabel: "node"},
		{SourceLabels: []string{"__meta_kubernetes_node_name"}, TargetLabel: "instance"},
	}
}

func kubeletJob(job, path string, drop []relabelConfig) scrapeConfig {
	return scrapeConfig{
		JobName:       job,
		Scheme:        "https",
		MetricsPath:   path,
		Authorization: inCluster(),
		// kubeadm's kubelets serve with certificates they signed themselves. Reading through the API server would
		// verify, but needs nodes/proxy, which also lets its holder run commands in every pod.
		TLSConfig:            &tlsConfig{InsecureSkipVerify: true},
		KubernetesSDConfigs:  []kubernetesSD{{Role: "node"}},
		RelabelConfigs:       nodeLabels(),
		MetricRelabelConfigs: drop,
	}
}

// nodeExporterJob finds node-exporter by node and not by pod: a node on which its pod never started is down, not absent.
func nodeExporterJob() scrapeConfig {
	return scrapeConfig{
		JobName:             jobNodeExporter,
		KubernetesSDConfigs: []kubernetesSD{{Role: "node"}},
		RelabelConfigs: append(nodeLabels(), relabelConfig{
			SourceLabels: []string{"__address__"}, Regex: `(.+):\d+`,
			TargetLabel: "__address__", Replacement: fmt.Sprintf("${1}:%d", NodeExporterPort),
		}),
	}
}

func kubeStateMetricsJob() scrapeConfig {
	job := static(jobKubeStateMetrics, address(KubeStateMetricsService, KubeStateMetricsPort))
	// Its namespace, pod and node labels say what a series is about and not where it was read.
	job.HonorLabels = true
	return job
}

// podsJob reads running pods that ask for it by annotation: prometheus.io/scrape "true", prometheus.io/port, and
// prometheus.io/path and prometheus.io/scheme where they differ from /metrics and http.
//
// A pod is found once for each of its container ports; no label may tell these apart, so that Prometheus, which
// drops targets equal in all labels, reads the pod once.
func podsJob() scrapeConfig {
	const meta = "__meta_kubernetes_pod_"
	return scrapeConfig{
		JobName:             jobPods,
		KubernetesSDConfigs: []kubernetesSD{{Role: "pod"}},
		RelabelConfigs: []relabelConfig{
			{SourceLabels: []string{meta + "annotation_prometheus_io_scrape"}, Regex: "true", Action: "keep"},
			{SourceLabels: []string{meta + "phase"}, Regex: "Running", Action: "keep"},
			{SourceLabels: []string{meta + "annotation_prometheus_io_port"}, Regex: `\d+`, Action: "keep"},
			{
				SourceLabels: []string{meta + "ip", meta + "annotation_prometheus_io_port"}, Regex: `(.+);(\d+)`,
				TargetLabel: "__address__", Replacement: "${1}:${2}",
			},
			{SourceLabels: []string{meta + "annotation_prometheus_io_path"}, Regex: "(.+)", TargetLabel: "__metrics_path__"},
			{SourceLabels: []string{meta + "annotation_prometheus_io_scheme"}, Regex: "(https?)", TargetLabel: "__scheme__"},
			{SourceLabels: []string{"__meta_kubernetes_namespace"}, TargetLabel: "namespace"},
			{SourceLabels: []string{meta + "name"}, TargetLabel: "pod"},
			{SourceLabels: []string{meta + "name"}, TargetLabel: "instance"},
			{SourceLabels: []string{meta + "node_name"}, TargetLabel: "node"},
			{SourceLabels: []string{meta + "label_app_kubernetes_io_name"}, TargetLabel: "app"},
		},
	}
}
