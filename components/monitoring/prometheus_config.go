package monitoring

import (
	"fmt"
	"time"

	"sigs.k8s.io/yaml"
)

// The types below are the part of Prometheus's configuration file that is used here
// (prometheus.io/docs/prometheus/latest/configuration/configuration).

type prometheusConfig struct {
	Global        globalConfig   `json:"global"`
	RuleFiles     []string       `json:"rule_files"`
	Alerting      alertingConfig `json:"alerting"`
	ScrapeConfigs []scrapeConfig `json:"scrape_configs"`
}

type globalConfig struct {
	ScrapeInterval     string            `json:"scrape_interval"`
	EvaluationInterval string            `json:"evaluation_interval"`
	ExternalLabels     map[string]string `json:"external_labels"`
}

type alertingConfig struct {
	Alertmanagers []staticTargets `json:"alertmanagers"`
}

type staticTargets struct {
	StaticConfigs []staticConfig `json:"static_configs"`
}

type staticConfig struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels,omitempty"`
}

type scrapeConfig struct {
	JobName              string          `json:"job_name"`
	HonorLabels          bool            `json:"honor_labels,omitempty"`
	MetricsPath          string          `json:"metrics_path,omitempty"`
	Scheme               string          `json:"scheme,omitempty"`
	Authorization        *authorization  `json:"authorization,omitempty"`
	TLSConfig            *tlsConfig      `json:"tls_config,omitempty"`
	StaticConfigs        []staticConfig  `json:"static_configs,omitempty"`
	KubernetesSDConfigs  []kubernetesSD  `json:"kubernetes_sd_configs,omitempty"`
	RelabelConfigs       []relabelConfig `json:"relabel_configs,omitempty"`
	MetricRelabelConfigs []relabelConfig `json:"metric_relabel_configs,omitempty"`
}

type authorization struct {
	CredentialsFile string `json:"credentials_file"`
}

type tlsConfig struct {
	CAFile             string `json:"ca_file,omitempty"`
	InsecureSkipVerify bool   `json:"insecure_skip_verify,omitempty"`
}

type kubernetesSD struct {
	Role       string        `json:"role"`
	Namespaces *sdNamespaces `json:"namespaces,omitempty"`
}

type sdNamespaces struct {
	Names []string `json:"names"`
}

type relabelConfig struct {
	SourceLabels []string `json:"source_labels,omitempty"`
	Regex        string   `json:"regex,omitempty"`
	TargetLabel  string   `json:"target_label,omitempty"`
	Replacement  string   `json:"replacement,omitempty"`
	Action       string   `json:"action,omitempty"`
}

// Files as the Prometheus container sees them.
const (
	configDir         = "/etc/prometheus"
	configFile        = "prometheus.yml"
	rulesFile         = "rules.yml"
	serviceAccountDir = "/var/run/secrets/kubernetes.io/serviceaccount"
)

// renderPrometheus returns prometheus.yml.
func renderPrometheus(a *MonitoringArgs) (string, error) {
	config := prometheusConfig{
		Global: globalConfig{
			ScrapeInterval:     promDuration(a.ScrapeInterval),
			EvaluationInterval: promDuration(a.ScrapeInterval),
			ExternalLabels:     map[string]string{"cluster": a.Cluster},
		},
		RuleFiles: []string{configDir + "/" + rulesFile},
		Alerting: alertingConfig{Alertmanagers: []staticTargets{{
			StaticConfigs: []staticConfig{{Targets: []string{address(AlertmanagerService, AlertmanagerPort)}}},
		}}},
		ScrapeConfigs: scrapeJobs(),
	}
	return marshal("prometheus.yml", config)
}

func marshal(file string, v any) (string, error) {
	out, err := yaml.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("render %s: %w", file, err)
	}
	return string(out), nil
}

// promDuration formats a duration for Prometheus, e.g. "90s", "26h" or "21d".
func promDuration(d time.Duration) string {
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}} {
		if d >= unit.size && d%unit.size == 0 {
			return fmt.Sprintf("%d%s", d/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%ds", int64(d/time.Second))
}

// address returns host:port of a Service in the same namespace.
func address(service string, port int) string { return fmt.Sprintf("%s:%d", service, port) }

// gigabytes formats a size for Prometheus, whose GB is 2^30 bytes.
func gigabytes(gib int) string { return fmt.Sprintf("%dGB", gib) }
