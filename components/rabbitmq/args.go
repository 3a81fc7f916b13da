package rabbitmq

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/components/pod"
)

// DefaultBroker is for a broker that has a node with 2 GiB and 2 vCPU (about 1300 MiB and 1900m
// allocatable) to itself and to the DaemonSets.
var DefaultBroker = pod.Resources{
	Requests: pod.Amount{MilliCPU: 500, MemoryMiB: 1024},
	Limits:   pod.Amount{MilliCPU: 1600, MemoryMiB: 1024},
}

// DefaultDeliveryLimit is RabbitMQ 4's own: a message that comes back a 20th time is a dead letter.
const DefaultDeliveryLimit = 20

// BrokerArgs describe one RabbitMQ 4 broker with its queues and users.
type BrokerArgs struct {
	// Namespace that everything is made in; it must exist.
	Namespace pulumi.StringInput
	Placement pod.Placement
	// Storage is the node's data volume.
	Storage localvolume.Storage
	// Image is a rabbitmq:4-management image of Ubuntu: its server runs as uid 999.
	Image string
	// VirtualHost that queues and users are in.
	VirtualHost string
	Queues      []Queue
	// DeadLetterQueue is the one of Queues that takes what others reject; empty when none has dead letters.
	DeadLetterQueue string
	Users           []User
	// PermitTransientQueues lets clients declare queues that are neither durable nor exclusive, as older versions
	// of Celery do for their remote control. RabbitMQ 4.3 refuses them unless told otherwise.
	PermitTransientQueues bool
	// Resources are DefaultBroker when zero.
	Resources pod.Resources
}

// Queue is a quorum queue, bound to a direct exchange of the same name by its own name.
type Queue struct {
	Name string
	// DeadLetter sends what consumers reject, or fail on too often, to the DeadLetterQueue: at least once,
	// since a message leaves this queue only when that one has it.
	DeadLetter bool
	// DeliveryLimit is how often a message may be delivered; DefaultDeliveryLimit when 0.
	DeliveryLimit int
}

// User is one kind of client.
type User struct {
	Name string
	// Publishes and Consumes are the queues that it may write to and read from.
	Publishes, Consumes []string
	// Celery gives what a Celery client of stock configuration does beyond that; see permissions.go.
	Celery bool
	// Tags give rights in the management interface: administrator, monitoring, policymaker, management.
	Tags []string
	// Permissions replace what is derived from the above; for an operator, for example.
	Permissions *Permissions
}

// Permissions are regular expressions over the names of exchanges and queues.
type Permissions struct {
	Configure, Write, Read string
}

// Everything are the permissions of an operator.
var Everything = Permissions{Configure: ".*", Write: ".*", Read: ".*"}

func (a BrokerArgs) withDefaults() BrokerArgs {
	if a.Resources == (pod.Resources{}) {
		a.Resources = DefaultBroker
	}
	queues := make([]Queue, len(a.Queues))
	for i, q := range a.Queues {
		if q.DeliveryLimit == 0 {
			q.DeliveryLimit = DefaultDeliveryLimit
		}
		queues[i] = q
	}
	a.Queues = queues
	return a
}
