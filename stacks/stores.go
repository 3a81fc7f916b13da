package stacks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/cluster"
	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/components/namespace"
	"github.com/growbin/cluster/components/pins"
	"github.com/growbin/cluster/components/pod"
	"github.com/growbin/cluster/components/postgresql"
	"github.com/growbin/cluster/components/rabbitmq"
	"github.com/growbin/cluster/components/redis"
)

const (
	namespaceData = "data"
	storageClass  = "local-data"

	nodeRabbitMQ   = "k8s-rabbitmq"
	nodePostgreSQL = "k8s-postgresql"
	nodeRedis      = "k8s-redis"

	serverPostgreSQL = "postgresql"
)

// stores holds the message broker, the database and the key-value servers.
type stores struct {
	broker   *rabbitmq.Broker
	database *postgresql.Server
	redis    *redis.Servers
}

// newStores deploys the stores, each to its node with its data on the node's data volume.
func newStores(ctx *pulumi.Context, s *Settings, c *infrastructure, p *platform) (*stores, error) {
	space, err := s.newNamespace(ctx, namespaceData, &namespace.NamespaceArgs{}, p.inCluster)
	if err != nil {
		return nil, err
	}
	out := &stores{}
	return out, together(func() (err error) {
		out.broker, err = newBroker(ctx, s, space, p)
		return err
	}, func() (err error) {
		out.database, err = newDatabase(ctx, s, c, space, p)
		return err
	}, func() (err error) {
		out.redis, err = newRedis(ctx, s, space, p)
		return err
	})
}

func newBroker(ctx *pulumi.Context, s *Settings, space *namespace.Namespace, p *platform) (*rabbitmq.Broker, error) {
	place, disk, after, err := p.placeOn(s, nodeRabbitMQ)
	if err != nil {
		return nil, err
	}
	return rabbitmq.NewBroker(ctx, "rabbitmq", &rabbitmq.BrokerArgs{
		Namespace: space.Name, Placement: place, Storage: disk, Image: s.pinned(pins.RabbitMQ),
		VirtualHost: "growbin", Queues: queues(), DeadLetterQueue: queueDeadLetters, Users: brokerUsers(),
		// Celery's remote control, which the probes use, declares such queues before version 5.6.
		PermitTransientQueues: true,
	}, p.inCluster, after)
}

func newDatabase(ctx *pulumi.Context, s *Settings, c *infrastructure, space *namespace.Namespace, p *platform) (*postgresql.Server, error) {
	place, disk, after, err := p.placeOn(s, nodePostgreSQL)
	if err != nil {
		return nil, err
	}
	args := s.databaseArgs(place, disk)
	args.Namespace = space.Name
	if args.Upload, err = dumpUpload(ctx, s, c); err != nil {
		return nil, err
	}
	return postgresql.NewServer(ctx, serverPostgreSQL, args, p.inCluster, after)
}

func newRedis(ctx *pulumi.Context, s *Settings, space *namespace.Namespace, p *platform) (*redis.Servers, error) {
	place, disk, after, err := p.placeOn(s, nodeRedis)
	if err != nil {
		return nil, err
	}
	return redis.NewServers(ctx, "redis", &redis.ServersArgs{
		Namespace: space.Name, Placement: place, Storage: disk, Image: s.pinned(pins.Redis),
		ExporterImage: s.pinned(pins.RedisExporter), Uses: redisUses(),
	}, p.inCluster, after)
}

// dependsOnStores makes a resource wait until the stores are ready.
func (s *stores) dependsOnStores() pulumi.ResourceOption {
	return pulumi.DependsOn([]pulumi.Resource{s.broker, s.database, s.redis})
}

// databaseArgs returns the arguments of PostgreSQL without a namespace.
func (s *Settings) databaseArgs(place pod.Placement, disk localvolume.Storage) *postgresql.ServerArgs {
	return &postgresql.ServerArgs{
		Placement: place, Storage: disk, Image: s.pinned(pins.PostgreSQL), ExporterImage: s.pinned(pins.PostgresExporter),
		Databases: s.databases(), MaxConnections: maxDatabaseConnections,
		// At night in Korea.
		Backup: postgresql.Backup{Hour: 3, TimeZone: timezone, KeepDays: s.BackupKeepDays},
	}
}

// placeOn returns the placement of a pod on a node, the node's data volume, and an option to wait for the node.
func (p *platform) placeOn(s *Settings, name string) (pod.Placement, localvolume.Storage, pulumi.ResourceOption, error) {
	node, err := nodeNamed(s.Nodes, name)
	if err != nil {
		return pod.Placement{}, localvolume.Storage{}, nil, err
	}
	place, disk := node.place(p.class.Name)
	return place, disk, p.Ready(node.Name), nil
}

// place returns the placement of a pod on the node and the node's data volume.
func (n Node) place(class pulumi.StringInput) (pod.Placement, localvolume.Storage) {
	return pod.Placement{NodeSelector: n.Labels, Tolerations: n.Tolerations()},
		localvolume.Storage{NodeName: n.Name, Path: cluster.DataMount, SizeGiB: n.DataGiB, ClassName: class}
}
