package stacks

// Service is something beside the applications that runs as one pod on a node of its own purpose.
type Service struct {
	// Name is that of its StatefulSet or Deployment.
	Name string
	// Node is the topology's node that it runs on.
	Node string
}

// Services are the stores and what watches the cluster.
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
