package monitoring

import "fmt"

// Names of the scrape jobs; rules and dashboards select series by them.
const (
	JobPrometheus       = "prometheus"
	JobAlertmanager     = "alertmanager"
	JobAPIServer        = "kubernetes-apiserver"
	JobKubelet          = "kubelet"
	JobCadvisor         = "cadvisor"
	JobNodeExporter     = "node-exporter"
	JobKubeStateMetrics = "kube-state-metrics"
	JobPods             = "pods"
)

// scrapeJobs returns all scrape jobs.
func scrapeJobs() []scrapeConfig {
	return []scrapeConfig{
		static(JobPrometheus, address("localhost", PrometheusPort)),
		static(JobAlertmanager, address(AlertmanagerService, AlertmanagerPort)),
		apiServerJob(),
		kubeletJob(JobKubelet, "/metrics", nil),
		kubeletJob(JobCadvisor, "/metrics/cadvisor", []relabelConfig{
			// Series of whole cgroup slices are most of the volume and repeat the series of their containers.
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

// apiServerJob scrapes each API server behind the Service "kubernetes".
func apiServerJob() scrapeConfig {
	return scrapeConfig{
		JobName:       JobAPIServer,
		Scheme:        "https",
		Authorization: inCluster(),
		TLSConfig:     &tlsConfig{CAFile: serviceAccountDir + "/ca.crt"},
		KubernetesSDConfigs: []kubernetesSD{{
			// The service account can list EndpointSlices in this namespace only.
			Role: "endpointslice", Namespaces: &sdNamespaces{Names: []string{"default"}},
		}},
		RelabelConfigs: []relabelConfig{{
			SourceLabels: []string{"__meta_kubernetes_service_name", "__meta_kubernetes_endpointslice_port_name"},
			Regex:        "kubernetes;https", Action: "keep",
		}},
	}
}

// nodeLabels sets the node's name, which tells its purpose, in place of its address.
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
		// kubeadm's kubelets serve with self-signed certificates. Scraping through the API server would verify them, but
		// needs nodes/proxy, which also allows commands in every pod.
		TLSConfig:            &tlsConfig{InsecureSkipVerify: true},
		KubernetesSDConfigs:  []kubernetesSD{{Role: "node"}},
		RelabelConfigs:       nodeLabels(),
		MetricRelabelConfigs: drop,
	}
}

// nodeExporterJob discovers node-exporter by node instead of by pod: a node on which the pod never started is down, not
// absent.
func nodeExporterJob() scrapeConfig {
	return scrapeConfig{
		JobName:             JobNodeExporter,
		KubernetesSDConfigs: []kubernetesSD{{Role: "node"}},
		RelabelConfigs: append(nodeLabels(), relabelConfig{
			SourceLabels: []string{"__address__"}, Regex: `(.+):\d+`,
			TargetLabel: "__address__", Replacement: fmt.Sprintf("${1}:%d", NodeExporterPort),
		}),
	}
}

func kubeStateMetricsJob() scrapeConfig {
	job := static(JobKubeStateMetrics, address(KubeStateMetricsService, KubeStateMetricsPort))
	// Its labels namespace, pod and node describe the object of a series, not the scraped pod.
	job.HonorLabels = true
	return job
}

// podsJob scrapes running pods with the annotations prometheus.io/scrape "true" and prometheus.io/port. The annotations
// prometheus.io/path and prometheus.io/scheme default to /metrics and http.
//
// Discovery returns a pod once per container port. No label may distinguish them, so that Prometheus, which drops targets
// with equal labels, scrapes the pod once.
func podsJob() scrapeConfig {
	const meta = "__meta_kubernetes_pod_"
	return scrapeConfig{
		JobName:             JobPods,
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
