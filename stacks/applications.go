package stacks

import (
	"slices"

	"github.com/growbin/cluster/components/workload"
)

// kind is the way in which an application runs.
type kind string

const (
	kindAPI    kind = "api"    // FastAPI behind a Service
	kindWorker kind = "worker" // Celery worker on one queue
	kindBeat   kind = "beat"   // Celery Beat, a singleton
)

// Pools of Celery workers.
const (
	poolPrefork = "prefork" // a process per task
	poolGevent  = "gevent"  // a greenlet per task, in one process
)

// aiStopSeconds is the time in seconds that a stopping pod has for answers of the AI API: a call may take a minute, is
// tried again once, and is followed by a write.
const aiStopSeconds = 180

// connection is the environment variable of an address or credential from a Secret.
type connection string

// Connections of applications.
const (
	envDatabase  connection = "DATABASE_URL"
	envRedis     connection = "REDIS_URL"
	envRabbitMQ  connection = "RABBITMQ_URL"
	envBroker    connection = "CELERY_BROKER_URL"
	envResults   connection = "CELERY_RESULT_BACKEND"
	envOpenAIKey connection = "OPENAI_API_KEY"
	envKakaoKey  connection = "KAKAO_API_KEY"
	envJWTSecret connection = "JWT_SECRET"
	envJWTOther  connection = "JWT_SECRET_OTHER"
	envBucket    connection = "AWS_S3_BUCKET"
)

// Application is one of Growbin's workloads. To add one, add a row to catalog.
type Application struct {
	// Name is that of the image, the Deployment and, for an API, the Service.
	Name string
	// Kind is api, worker or beat.
	Kind kind
	// Replicas is the number of pods; with Max, that with which the application begins.
	Replicas int
	// Min and Max are the bounds of the number of pods, which an autoscaler owns then; 0 for a fixed number. The setting autoscale
	// overrides them per stack. Max must fit the nodes, the connections of the database and the calls to the AI API.
	Min, Max int
	// Node is the name of the topology's node that runs all pods.
	Node string
	// Requests are CPU and memory of one pod. They keep the planned load of the node inside its band.
	Requests workload.Resources
	// MemoryLimit is the maximum memory of one pod, e.g. 640Mi. CPU has no limit.
	MemoryLimit string
	// Route is the URL path of an API behind the load balancer.
	Route string
	// NodePort is the port of an API on every node, for the load balancer: 30000 to 32767, unique.
	NodePort int
	// Queue is the queue that a worker consumes.
	Queue string
	// Publishes are the queues to which the application sends tasks.
	Publishes []string
	// Pool is the Celery pool of a worker: prefork for CPU-bound tasks, gevent for I/O-bound ones.
	Pool string
	// Concurrency is the number of tasks that one worker pod executes at once.
	Concurrency int
	// Prefetch is the number of tasks that a worker reserves for each of its Concurrency. It limits no rate: a pod runs
	// Concurrency tasks at once. The setting aiMaxCalls limits the calls to the AI API.
	Prefetch int
	// StopSeconds is the time in seconds in which a stopping pod completes its calls; by default that of its kind.
	StopSeconds int
	// AICalls is the number of calls to the AI API that one pod of an API makes at once. A worker makes Concurrency.
	AICalls int
	// Database is the name of the PostgreSQL database in DATABASE_URL.
	Database string
	// Migrates is true if the image holds the migrations of Database, which a release runs before the pods change.
	Migrates bool
	// DatabasePool is the maximum number of connections that one process of a pod opens to Database.
	DatabasePool int
	// Cache is the use of Redis in REDIS_URL.
	Cache redisUse
	// AWS is all that the application may do in AWS, by a role of its own.
	AWS []awsRight
	// Needs are the connections beside those of the application's kind.
	Needs []connection
}

// catalog is the table of Growbin's workloads.
var catalog = []Application{
	// APIs
	{
		Name: "waste-api", Kind: kindAPI, Replicas: 3, Node: "k8s-api-high-traffic", Route: "/api/v1/waste", NodePort: 30080,
		Requests: workload.Resources{CPU: "220m", Memory: "320Mi"}, MemoryLimit: "640Mi",
		Database: databaseGrowbin, Migrates: true, DatabasePool: 4, Cache: redisImageHashes, Needs: []connection{envRabbitMQ, envResults, envBucket},
		// Browsers upload and read photos by URLs that it signs.
		AWS:       []awsRight{readImages, writeImages},
		Publishes: []string{queueImageUpload, queueGPT5Analysis, queueRuleRetrieval, queueResponseGeneration},
	},
	{
		Name: "chat-llm-api", Kind: kindAPI, Replicas: 3, Node: "k8s-api-high-traffic", Route: "/api/v1/chat", NodePort: 30081,
		Requests: workload.Resources{CPU: "150m", Memory: "300Mi"}, MemoryLimit: "600Mi",
		Database: databaseGrowbin, DatabasePool: 2, Cache: redisChatHistory, Needs: []connection{envOpenAIKey},
		AICalls: 10, StopSeconds: aiStopSeconds,
	},
	{
		Name: "auth-api", Kind: kindAPI, Replicas: 2, Node: "k8s-api-high-traffic", Route: "/api/v1/auth", NodePort: 30082,
		Requests: workload.Resources{CPU: "150m", Memory: "220Mi"}, MemoryLimit: "440Mi",
		Database: databaseAuth, Migrates: true, DatabasePool: 3, Cache: redisSessions, Needs: []connection{envJWTSecret, envJWTOther},
	},
	{
		Name: "userinfo-api", Kind: kindAPI, Replicas: 2, Node: "k8s-api-low-traffic", Route: "/api/v1/users", NodePort: 30083,
		Requests: workload.Resources{CPU: "150m", Memory: "240Mi"}, MemoryLimit: "480Mi",
		Database: databaseGrowbin, DatabasePool: 2, Cache: redisSessions,
	},
	{
		Name: "location-api", Kind: kindAPI, Replicas: 2, Node: "k8s-api-low-traffic", Route: "/api/v1/locations", NodePort: 30084,
		Requests: workload.Resources{CPU: "150m", Memory: "240Mi"}, MemoryLimit: "480Mi",
		Database: databaseGrowbin, DatabasePool: 2, Cache: redisImageHashes, Needs: []connection{envKakaoKey},
	},
	{
		Name: "recycle-info-api", Kind: kindAPI, Replicas: 2, Node: "k8s-api-low-traffic", Route: "/api/v1/recycle", NodePort: 30085,
		Requests: workload.Resources{CPU: "150m", Memory: "240Mi"}, MemoryLimit: "480Mi",
		Database: databaseGrowbin, DatabasePool: 2, Cache: redisImageHashes,
	},
	// Celery workers
	{
		Name: "image-uploader", Kind: kindWorker, Replicas: 3, Node: "k8s-worker-storage",
		// Measured with a photo of 12 megapixels in each of eight processes: idle 395 MiB, peak 971 MiB.
		Requests: workload.Resources{CPU: "250m", Memory: "400Mi"}, MemoryLimit: "1100Mi",
		Queue: queueImageUpload, Publishes: []string{queueGPT5Analysis}, Pool: poolPrefork, Concurrency: 8, Prefetch: 4,
		Database: databaseGrowbin, DatabasePool: 1, Cache: redisImageHashes, Needs: []connection{envBucket},
		AWS: []awsRight{readImages, writeImages, deleteImages},
	},
	{
		Name: "rule-retriever", Kind: kindWorker, Replicas: 2, Node: "k8s-worker-storage",
		Requests: workload.Resources{CPU: "100m", Memory: "200Mi"}, MemoryLimit: "400Mi",
		Queue: queueRuleRetrieval, Publishes: []string{queueResponseGeneration}, Pool: poolPrefork, Concurrency: 4, Prefetch: 4,
		Database: databaseGrowbin, DatabasePool: 1, Cache: redisImageHashes,
	},
	{
		Name: "task-scheduler", Kind: kindBeat, Replicas: 1, Node: "k8s-worker-storage",
		Requests: workload.Resources{CPU: "100m", Memory: "150Mi"}, MemoryLimit: "300Mi",
		Publishes: []string{queueImageUpload, queueGPT5Analysis, queueRuleRetrieval, queueResponseGeneration},
		Database:  databaseAnalytics, Migrates: true, DatabasePool: 1, Cache: redisImageHashes,
	},
	{
		// Prefetch 1 keeps waiting tasks in the queue, where an idle pod finds them.
		Name: "gpt5-analyzer", Kind: kindWorker, Replicas: 5, Node: "k8s-worker-ai",
		Requests: workload.Resources{CPU: "150m", Memory: "260Mi"}, MemoryLimit: "520Mi",
		Queue: queueGPT5Analysis, Publishes: []string{queueRuleRetrieval}, Pool: poolGevent, Concurrency: 20, Prefetch: 1,
		Database: databaseGrowbin, DatabasePool: 2, Cache: redisImageHashes, Needs: []connection{envOpenAIKey},
		StopSeconds: aiStopSeconds,
	},
	{
		Name: "response-generator", Kind: kindWorker, Replicas: 3, Node: "k8s-worker-ai",
		Requests: workload.Resources{CPU: "170m", Memory: "250Mi"}, MemoryLimit: "500Mi",
		Queue: queueResponseGeneration, Pool: poolGevent, Concurrency: 10, Prefetch: 1,
		Database: databaseGrowbin, DatabasePool: 2, Cache: redisChatHistory, Needs: []connection{envOpenAIKey},
		StopSeconds: aiStopSeconds,
	},
}

// Applications returns a copy of the table of workloads.
func Applications() []Application { return append([]Application(nil), catalog...) }

// ApplicationNames returns the names of the workloads in the order of the table.
func ApplicationNames() []string {
	names := make([]string, 0, len(catalog))
	for _, application := range catalog {
		names = append(names, application.Name)
	}
	return names
}

// usesBroker reports whether the application connects to RabbitMQ.
func (a Application) usesBroker() bool {
	return a.Kind != kindAPI || slices.Contains(a.Needs, envRabbitMQ)
}

// connections returns all environment variables of the application that come from a Secret.
func (a Application) connections() []connection {
	needs := append([]connection{envDatabase, envRedis}, a.Needs...)
	if a.Kind != kindAPI {
		needs = append(needs, envBroker, envResults)
	}
	return needs
}
