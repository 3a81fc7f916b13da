package stacks

import (
	"slices"

	"github.com/growbin/cluster/components/workload"
)

// kind is how an application runs.
type kind string

const (
	kindAPI    kind = "api"    // FastAPI behind a Service
	kindWorker kind = "worker" // Celery worker on one queue
	kindBeat   kind = "beat"   // Celery Beat, of which there is never more than one
)

// connection is something an application is given the address and credentials of.
type connection string

// The connections that applications ask for, named by the environment variable they arrive in.
const (
	envDatabase  connection = "DATABASE_URL"
	envRedis     connection = "REDIS_URL"
	envRabbitMQ  connection = "RABBITMQ_URL"
	envBroker    connection = "CELERY_BROKER_URL"
	envResults   connection = "CELERY_RESULT_BACKEND"
	envOpenAIKey connection = "OPENAI_API_KEY"
	envKakaoKey  connection = "KAKAO_API_KEY"
	envJWTSecret connection = "JWT_SECRET"
	envBucket    connection = "AWS_S3_BUCKET"
)

// Application is one of Growbin's workloads. Adding one is adding a row to catalog.
type Application struct {
	Name     string
	Kind     kind
	Replicas int
	// Node is the topology's node that all its pods run on.
	Node string
	// Requests are per pod; they put each node's planned load inside its band. MemoryLimit bounds a pod.
	Requests    workload.Resources
	MemoryLimit string
	// Route is the path of an API behind the load balancer.
	Route string
	// Queue, Pool, Concurrency and Prefetch are a Celery worker's.
	Queue string
	// Publishes are the queues it hands work on to.
	Publishes             []string
	Pool                  string
	Concurrency, Prefetch int
	// Database is the PostgreSQL database of DATABASE_URL.
	Database string
	// Cache is the use of Redis that REDIS_URL is for.
	Cache redisUse
	// Needs are the connections beside those of its kind.
	Needs []connection
}

// catalog is the table of Growbin's workloads.
var catalog = []Application{
	// APIs
	{
		Name: "waste-api", Kind: kindAPI, Replicas: 3, Node: "k8s-api-high-traffic", Route: "/api/v1/waste",
		Requests: workload.Resources{CPU: "220m", Memory: "320Mi"}, MemoryLimit: "640Mi",
		Database: databaseGrowbin, Cache: redisImageHashes, Needs: []connection{envRabbitMQ, envResults},
		Publishes: []string{queueImageUpload, queueGPT5Analysis, queueRuleRetrieval, queueResponseGeneration},
	},
	{
		Name: "chat-llm-api", Kind: kindAPI, Replicas: 3, Node: "k8s-api-high-traffic", Route: "/api/v1/chat",
		Requests: workload.Resources{CPU: "150m", Memory: "300Mi"}, MemoryLimit: "600Mi",
		Database: databaseGrowbin, Cache: redisChatHistory, Needs: []connection{envOpenAIKey},
	},
	{
		Name: "auth-api", Kind: kindAPI, Replicas: 2, Node: "k8s-api-high-traffic", Route: "/api/v1/auth",
		Requests: workload.Resources{CPU: "150m", Memory: "220Mi"}, MemoryLimit: "440Mi",
		Database: databaseAuth, Cache: redisSessions, Needs: []connection{envJWTSecret},
	},
	{
		Name: "userinfo-api", Kind: kindAPI, Replicas: 2, Node: "k8s-api-low-traffic", Route: "/api/v1/users",
		Requests: workload.Resources{CPU: "150m", Memory: "240Mi"}, MemoryLimit: "480Mi",
		Database: databaseGrowbin, Cache: redisSessions,
	},
	{
		Name: "location-api", Kind: kindAPI, Replicas: 2, Node: "k8s-api-low-traffic", Route: "/api/v1/locations",
		Requests: workload.Resources{CPU: "150m", Memory: "240Mi"}, MemoryLimit: "480Mi",
		Database: databaseGrowbin, Cache: redisImageHashes, Needs: []connection{envKakaoKey},
	},
	{
		Name: "recycle-info-api", Kind: kindAPI, Replicas: 2, Node: "k8s-api-low-traffic", Route: "/api/v1/recycle",
		Requests: workload.Resources{CPU: "150m", Memory: "240Mi"}, MemoryLimit: "480Mi",
		Database: databaseGrowbin, Cache: redisImageHashes,
	},
	// Celery workers
	{
		Name: "image-uploader", Kind: kindWorker, Replicas: 3, Node: "k8s-worker-storage",
		Requests: workload.Resources{CPU: "250m", Memory: "400Mi"}, MemoryLimit: "700Mi",
		Queue: queueImageUpload, Publishes: []string{queueGPT5Analysis}, Pool: "prefork", Concurrency: 8, Prefetch: 4,
		Database: databaseGrowbin, Cache: redisImageHashes, Needs: []connection{envBucket},
	},
	{
		Name: "rule-retriever", Kind: kindWorker, Replicas: 2, Node: "k8s-worker-storage",
		Requests: workload.Resources{CPU: "100m", Memory: "200Mi"}, MemoryLimit: "400Mi",
		Queue: queueRuleRetrieval, Publishes: []string{queueResponseGeneration}, Pool: "prefork", Concurrency: 4, Prefetch: 4,
		Database: databaseGrowbin, Cache: redisImageHashes,
	},
	{
		Name: "task-scheduler", Kind: kindBeat, Replicas: 1, Node: "k8s-worker-storage",
		Requests: workload.Resources{CPU: "100m", Memory: "150Mi"}, MemoryLimit: "300Mi",
		Publishes: []string{queueImageUpload, queueGPT5Analysis, queueRuleRetrieval, queueResponseGeneration},
		Database:  databaseAnalytics, Cache: redisImageHashes,
	},
	{
		// The rate limit of the AI API is kept by taking one task at a time: prefetch 1.
		Name: "gpt5-analyzer", Kind: kindWorker, Replicas: 5, Node: "k8s-worker-ai",
		Requests: workload.Resources{CPU: "150m", Memory: "260Mi"}, MemoryLimit: "520Mi",
		Queue: queueGPT5Analysis, Publishes: []string{queueRuleRetrieval}, Pool: "gevent", Concurrency: 20, Prefetch: 1,
		Database: databaseGrowbin, Cache: redisImageHashes, Needs: []connection{envOpenAIKey},
	},
	{
		Name: "response-generator", Kind: kindWorker, Replicas: 3, Node: "k8s-worker-ai",
		Requests: workload.Resources{CPU: "170m", Memory: "250Mi"}, MemoryLimit: "500Mi",
		Queue: queueResponseGeneration, Pool: "gevent", Concurrency: 10, Prefetch: 1,
		Database: databaseGrowbin, Cache: redisChatHistory, Needs: []connection{envOpenAIKey},
	},
}

// Applications returns the table of workloads.
func Applications() []Application { return append([]Application(nil), catalog...) }

// ApplicationNames lists the workloads' names in the table's order.
func ApplicationNames() []string {
	names := make([]string, 0, len(catalog))
	for _, application := range catalog {
		names = append(names, application.Name)
	}
	return names
}

// usesBroker tells whether the application speaks to RabbitMQ.
func (a Application) usesBroker() bool {
	return a.Kind != kindAPI || slices.Contains(a.Needs, envRabbitMQ)
}

// connections are all variables of the application that come from a Secret.
func (a Application) connections() []connection {
	needs := append([]connection{envDatabase, envRedis}, a.Needs...)
	if a.Kind != kindAPI {
		needs = append(needs, envBroker, envResults)
	}
	return needs
}
