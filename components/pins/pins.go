// Package pins lists every container image and Helm chart that the program deploys. To upgrade one, change its line here.
// Images of applications are not listed: their version is a setting.
package pins

// Container images. Tags are full versions: a moving tag such as latest would change running software by surprise.
const (
	RabbitMQ         = "rabbitmq:4.3.5-management"
	PostgreSQL       = "postgres:15.19"
	PostgresExporter = "quay.io/prometheuscommunity/postgres-exporter:v0.19.1"
	// AWSCLI uploads the dumps of PostgreSQL.
	AWSCLI        = "amazon/aws-cli:2.37.5"
	Redis         = "redis:7.2.16"
	RedisExporter = "oliver006/redis_exporter:v1.91.1"

	Prometheus       = "prom/prometheus:v3.13.2"
	Alertmanager     = "prom/alertmanager:v0.34.0"
	Grafana          = "grafana/grafana:13.2.0"
	NodeExporter     = "prom/node-exporter:v1.12.1"
	KubeStateMetrics = "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.20.0"
	MetricsServer    = "registry.k8s.io/metrics-server/metrics-server:v0.8.0"
	CeleryExporter   = "danihodovic/celery-exporter:0.12.2"
)

// CalicoRegistry is where the operator has Calico's images from, e.g. calico/node; their tag is CalicoChart.
const CalicoRegistry = "quay.io/"

// Helm charts.
const (
	// CalicoChart is the version of both charts of Calico. It supports Kubernetes 1.34 to 1.36.
	CalicoChart = "v3.32.2"
	// ArgoCDChart installs Argo CD 3.4.
	ArgoCDChart = "10.1.1"
)
