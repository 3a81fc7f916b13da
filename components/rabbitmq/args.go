package rabbitmq

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/components/pod"
)

// DefaultBroker is for a dedicated node with 2 GiB and 2 vCPU (about 1300 MiB and 1900m allocatable, DaemonSets included).
var DefaultBroker = pod.Resources{
	Requests: pod.Amount{MilliCPU: 500, MemoryMiB: 1024},
	Limits:   pod.Amount{MilliCPU: 1600, MemoryMiB: 1024},
}

// DefaultDeliveryLimit is RabbitMQ 4's own default.
const DefaultDeliveryLimit = 20

// BrokerArgs configures a RabbitMQ 4 broker with its queues and users.
type BrokerArgs struct {
	// Namespace of all objects; it must exist.
	Namespace pulumi.StringInput `pulumi:"namespace"`
	// Placement selects the node that has the data volume.
	Placement pod.Placement `pulumi:"placement"`
	// Storage is the node's data volume.
	Storage localvolume.Storage `pulumi:"storage"`
	// Image is an Ubuntu-based rabbitmq:4-management image: it runs as uid 999.
	Image string `pulumi:"image"`
	// VirtualHost of all queues and users.
	VirtualHost string `pulumi:"virtualHost"`
	// Queues must be at least one.
	Queues []Queue `pulumi:"queues"`
	// DeadLetterQueue is the one of Queues that receives dead letters; empty if no queue has any.
	DeadLetterQueue string `pulumi:"deadLetterQueue"`
	// Users must be at least one.
	Users []User `pulumi:"users"`
	// PermitTransientQueues allows queues that are neither durable nor exclusive, which RabbitMQ 4.3 refuses by default.
	// Celery's remote control declares such queues before version 5.6.
	PermitTransientQueues bool `pulumi:"permitTransientQueues"`
	// Resources of the container, DefaultBroker by default.
	Resources pod.Resources `pulumi:"resources"`
}

// Queue is a quorum queue.
type Queue struct {
	Name string `pulumi:"name"`
	// Exchange is the type (direct, topic or fanout) of an exchange with the queue's name that is bound to it by that name;
	// empty for none. Celery declares its exchanges itself, and fails if one has another type than its own.
	Exchange string `pulumi:"exchange"`
	// DeadLetter sends messages that consumers reject, or exceed the delivery limit, to the DeadLetterQueue, at least once:
	// a message leaves this queue only after that one has confirmed it.
	DeadLetter bool `pulumi:"deadLetter"`
	// DeliveryLimit is the maximum number of deliveries of a message, DefaultDeliveryLimit by default.
	DeliveryLimit int `pulumi:"deliveryLimit"`
}

// User is a user of the broker.
type User struct {
	Name string `pulumi:"name"`
	// Publishes and Consumes are the names of the queues that the user may write to and read from.
	Publishes []string `pulumi:"publishes"`
	Consumes  []string `pulumi:"consumes"`
	// Celery adds the permissions of a Celery client: a worker without mingle if it consumes, else one that only publishes, to
	// queues with no_declare. Exchanges must be topics. See permissions.go.
	Celery bool `pulumi:"celery"`
	// Tags of the management interface: administrator, monitoring, policymaker or management.
	Tags []string `pulumi:"tags"`
	// Permissions replace those derived from the fields above, e.g. for an operator.
	Permissions *Permissions `pulumi:"permissions"`
}

// Permissions are regular expressions over the names of exchanges and queues.
type Permissions struct {
	Configure string `pulumi:"configure"`
	Write     string `pulumi:"write"`
	Read      string `pulumi:"read"`
}

// Everything permits an operator everything.
var Everything = Permissions{Configure: ".*", Write: ".*", Read: ".*"}

func (a BrokerArgs) withDefaults() BrokerArgs {
	a.Resources = a.Resources.OrDefault(DefaultBroker)
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
