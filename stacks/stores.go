package stacks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/cluster"
	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/components/namespace"
	"github.com/growbin/cluster/components/pod"
	"github.com/growbin/cluster/components/postgresql"
	"github.com/growbin/cluster/components/rabbitmq"
	"github.com/growbin/cluster/components/redis"
)

// Where the stores run, and their images.
const (
	namespaceData = "data"
	storageClass  = "local-data"

	nodeRabbitMQ   = "k8s-rabbitmq"
	nodePostgreSQL = "k8s-postgresql"
	nodeRedis      = "k8s-redis"

	imageRabbitMQ         = "rabbitmq:4.3.5-management"
	imagePostgreSQL       = "postgres:15.19"
	imagePostgresExporter = "quay.io/prometheuscommunity/postgres-exporter:v0.19.1"
	imageRedis            = "redis:7.2.16"
	imageRedisExporter    = "oliver006/redis_exporter:v1.91.1"
)

// stores are the running message broker, database and key-value servers.
type stores struct {
	broker   *rabbitmq.Broker
	database *postgresql.Server
	redis    *redis.Servers
}

// queues are all of Growbin's; what a worker rejects goes to the last.
func queues() []rabbitmq.Queue {
	return []rabbitmq.Queue{
		{Name: queueImageUpload, DeadLetter: true},
		{Name: queueGPT5Analysis, DeadLetter: true},
		{Name: queueRuleRetrieval, DeadLetter: true},
		{Name: queueResponseGeneration, DeadLetter: true},
		{Name: queueDeadLetters},
	}
}

// brokerUsers are one per application that speaks to the broker, each with its own queues only, and one for people.
func brokerUsers() []rabbitmq.User {
	var users []rabbitmq.User
	for _, a := range catalogue {
		if !a.usesBroker() {
			continue
		}
		user := rabbitmq.User{Name: a.Name, Publishes: a.Publishes, Celery: true}
		if a.Queue != "" {
			user.Consumes = []string{a.Queue}
		}
		users = append(users, user)
	}
	// The exporter listens to the workers' events and looks at the queues' lengths; it takes no message.
	users = append(users, rabbitmq.User{Name: celeryExporter, Permissions: &rabbitmq.Permissions{
		Configure: `^celeryev(\..+)?$`, Write: `^celeryev(\..+)?$`, Read: `^(celeryev(\..+)?|q\..+)$`,
	}})
	return append(users, rabbitmq.User{Name: "operator", Tags: []string{"administrator"}, Permissions: &rabbitmq.Everything})
}

// databases are each owned by a role of their own. Sizes are what the volume is planned for.
func databases() []postgresql.Database {
	return []postgresql.Database{
		{Name: databaseGrowbin, Owner: databaseGrowbin, MaxGiB: 6, Connections: 60},
		{Name: databaseAuth, Owner: databaseAuth, MaxGiB: 1, Connections: 10},
		{Name: databaseAnalytics, Owner: databaseAnalytics, MaxGiB: 3, Connections: 10},
	}
}

// redisUses are the four uses. Only hashes of images can be computed again; Celery's results are database 0.
func redisUses() []redis.Use {
	return []redis.Use{
		{Name: string(redisImageHashes), Kind: redis.Evictable, Keys: []string{"image-hash:*", "cache:*"}},
		{Name: string(redisResults), Kind: redis.Kept, Database: 0, Keys: []string{"celery-task-meta-*", "celery-taskset-meta-*"}, Channels: []string{"celery-task-meta-*"}},
		{Name: string(redisSessions), Kind: redis.Kept, Database: 1, Keys: []string{"session:*"}},
		{Name: string(redisChatHistory), Kind: redis.Kept, Database: 2, Keys: []string{"chat:*"}},
	}
}

// newStores deploys the stores, each on its node with its data on the node's data volume.
func newStores(ctx *pulumi.Context, s *Settings, p *platform) (*stores, error) {
	space, err := namespace.NewNamespace(ctx, namespaceData, &namespace.NamespaceArgs{}, p.inCluster)
	if err != nil {
		return nil, err
	}
	out := &stores{}
	place, disk, after, err := p.on(s, nodeRabbitMQ)
	if err != nil {
		return nil, err
	}
	if out.broker, err = rabbitmq.NewBroker(ctx, "rabbitmq", &rabbitmq.BrokerArgs{
		Namespace: space.Name, Placement: place, Storage: disk, Image: imageRabbitMQ,
		VirtualHost: "growbin", Queues: queues(), DeadLetterQueue: queueDeadLetters, Users: brokerUsers(),
		// Celery's remote control, which the probes ask, declares its queues so before version 5.6.
		PermitTransientQueues: true,
	}, p.inCluster, after); err != nil {
		return nil, err
	}
	if place, disk, after, err = p.on(s, nodePostgreSQL); err != nil {
		return nil, err
	}
	database := s.databaseArgs(place, disk)
	database.Namespace = space.Name
	if out.database, err = postgresql.NewServer(ctx, "postgresql", database, p.inCluster, after); err != nil {
		return nil, err
	}
	if place, disk, after, err = p.on(s, nodeRedis); err != nil {
		return nil, err
	}
	if out.redis, err = redis.NewServers(ctx, "redis", &redis.ServersArgs{
		Namespace: space.Name, Placement: place, Storage: disk, Image: imageRedis, ExporterImage: imageRedisExporter, Uses: redisUses(),
	}, p.inCluster, after); err != nil {
		return nil, err
	}
	return out, nil
}

// before makes a resource wait until the stores serve.
func (s *stores) before() pulumi.ResourceOption {
	return pulumi.DependsOn([]pulumi.Resource{s.broker, s.database, s.redis})
}

// databaseArgs are the database's but for its namespace.
func (s *Settings) databaseArgs(place pod.Placement, disk localvolume.Storage) *postgresql.ServerArgs {
	return &postgresql.ServerArgs{
		Placement: place, Storage: disk, Image: imagePostgreSQL, ExporterImage: imagePostgresExporter, Databases: databases(),
		// Three in the morning in Korea, as the team has always done its backups.
		Backup: postgresql.Backup{Hour: 3, TimeZone: "Asia/Seoul", KeepDays: s.BackupKeepDays},
	}
}

// on is how something with data runs on a node: its placement, the node's disk, and what it waits for.
func (p *platform) on(s *Settings, name string) (pod.Placement, localvolume.Storage, pulumi.ResourceOption, error) {
	node, err := nodeNamed(s.Nodes, name)
	if err != nil {
		return pod.Placement{}, localvolume.Storage{}, nil, err
	}
	place, disk := node.place(p.class.Name)
	return place, disk, p.Ready(node.Name), nil
}

// place is where something with data runs, and its disk.
func (n Node) place(class pulumi.StringInput) (pod.Placement, localvolume.Storage) {
	return pod.Placement{NodeSelector: n.Labels, Tolerations: n.Tolerations()},
		localvolume.Storage{NodeName: n.Name, Path: cluster.DataMount, SizeGiB: n.DataGiB, ClassName: class}
}
