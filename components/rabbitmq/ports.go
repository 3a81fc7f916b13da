package rabbitmq

// TCP ports of the pods: for clients, and for Prometheus.
const (
	Port        = port
	MetricsPort = metricsPort
)
