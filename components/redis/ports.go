package redis

// TCP ports of the pods: for clients, and for Prometheus.
const (
	Port        = port
	MetricsPort = metricsPort
)

// ServerName returns the name of the server of one kind, given that of NewServers.
func ServerName(name string, kind Kind) string { return name + suffix[kind] }
