package redis

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/components/pod"
)

// Defaults of two servers that have a node with 2 GiB and 2 vCPU (about 1300 MiB and 1900m allocatable) to
// themselves and to the DaemonSets. All limits together are 1120 MiB and 1600m.
var (
	DefaultCache = pod.Resources{
		Requests: pod.Amount{MilliCPU: 200, MemoryMiB: 384},
		Limits:   pod.Amount{MilliCPU: 700, MemoryMiB: 384},
	}
	DefaultDurable = pod.Resources{
		Requests: pod.Amount{MilliCPU: 200, MemoryMiB: 640},
		Limits:   pod.Amount{MilliCPU: 700, MemoryMiB: 640},
	}
	DefaultExporter = pod.Resources{
		Requests: pod.Amount{MilliCPU: 10, MemoryMiB: 24},
		Limits:   pod.Amount{MilliCPU: 100, MemoryMiB: 48},
	}
)

// Kind says what may happen to the keys of a use when memory is short.
type Kind string

const (
	// Evictable keys can be computed again: the least recently used give way, and none survives a restart.
	Evictable Kind = "evictable"
	// Kept keys stay until they expire or are deleted, and survive a crash but for its last second. When
	// memory is full, writes fail and say so.
	Kept Kind = "kept"
)

// ServersArgs describe the servers for a set of uses.
type ServersArgs struct {
	// Namespace that everything is made in; it must exist.
	Namespace pulumi.StringInput
	Placement pod.Placement
	// Storage is the node's data volume. It is needed when there is a Kept use.
	Storage localvolume.Storage
	// Image is a redis:7.2 image of Debian.
	Image string
	// ExporterImage is an oliver006/redis_exporter image.
	ExporterImage string
	// Uses are at least one.
	Uses []Use
	// Cache, Durable (the servers of Evictable and of Kept uses) and Exporter are the defaults above when zero.
	Cache, Durable, Exporter pod.Resources
}

// Use is what one kind of client uses Redis for. It is a user of Redis that sees its own keys only.
type Use struct {
	// Name of the user.
	Name string
	Kind Kind
	// Database is the number of the database that the URL selects, 0 to 15. It separates names, not users:
	// what separates users are Keys.
	Database int
	// Keys are patterns such as "session:*". No two uses of a server may share keys.
	Keys []string
	// Channels are patterns of the channels it may publish and subscribe to.
	Channels []string
	// Commands are further ACL rules, such as "+scan" for a use that needs to list keys. SCAN shows the names
	// of all keys of a server, other uses' included.
	Commands []string
}

func (a ServersArgs) withDefaults() ServersArgs {
	fill := func(to *pod.Resources, standard pod.Resources) {
		if *to == (pod.Resources{}) {
			*to = standard
		}
	}
	fill(&a.Cache, DefaultCache)
	fill(&a.Durable, DefaultDurable)
	fill(&a.Exporter, DefaultExporter)
	return a
}

// of returns the uses of a kind.
func (a ServersArgs) of(kind Kind) []Use {
	var uses []Use
	for _, u := range a.Uses {
		if u.Kind == kind {
			uses = append(uses, u)
		}
	}
	return uses
}
