package stacks

// Service is a store or a part of monitoring. It runs as one pod.
type Service struct {
	// Name of its StatefulSet or Deployment.
	Name string
	// Node is the name of its node in the topology.
	Node string
}

// Services returns the stores and the parts of monitoring, except node-exporter.
func Services() []Service {
	return []Service{
		{"rabbitmq", nodeRabbitMQ},
		{"postgresql", nodePostgreSQL},
		{"redis-cache", nodeRedis},
		{"redis-durable", nodeRedis},
		{"prometheus", nodeMonitoring},
		{"alertmanager", nodeMonitoring},
		{"grafana", nodeMonitoring},
		{"kube-state-metrics", nodeMonitoring},
		{celeryExporter, nodeMonitoring},
	}
}
