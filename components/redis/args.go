package redis

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/components/pod"
)

// Defaults for two servers on a dedicated node with 2 GiB and 2 vCPU (about 1300 MiB and 1900m allocatable, DaemonSets
// included). The sum of all limits is 1120 MiB and 1600m.
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

// Kind is the eviction policy of a use's keys.
type Kind string

const (
	// Evictable keys can be computed again: the least recently used are evicted, and none survives a restart.
	Evictable Kind = "evictable"
	// Kept keys stay until they expire or are deleted. They survive a crash, except for its last second. If memory is
	// full, writes fail with an error.
	Kept Kind = "kept"
)

// ServersArgs configures the servers for a set of uses.
type ServersArgs struct {
	// Namespace of all objects; it must exist.
	Namespace pulumi.StringInput `pulumi:"namespace"`
	// Placement selects the node that has the data volume.
	Placement pod.Placement `pulumi:"placement"`
	// Storage is the node's data volume. It is required if there is a Kept use.
	Storage localvolume.Storage `pulumi:"storage"`
	// Image is a Debian-based redis:7.2 image.
	Image string `pulumi:"image"`
	// ExporterImage is an oliver006/redis_exporter image.
	ExporterImage string `pulumi:"exporterImage"`
	// Uses must be at least one.
	Uses []Use `pulumi:"uses"`
	// Cache, Durable and Exporter are the resources of the Evictable server, the Kept server and the exporters, with the
	// defaults above.
	Cache    pod.Resources `pulumi:"cache"`
	Durable  pod.Resources `pulumi:"durable"`
	Exporter pod.Resources `pulumi:"exporter"`
}

// Use is a user of Redis that can access its own keys only.
type Use struct {
	// Name of the user.
	Name string `pulumi:"name"`
	// Kind selects the server.
	Kind Kind `pulumi:"kind"`
	// Database is the number of the database in the URL, 0 to 15. It is a name space only; Keys isolate users.
	Database int `pulumi:"database"`
	// Keys are patterns, e.g. "session:*". Uses of the same server must not share keys.
	Keys []string `pulumi:"keys"`
	// Channels are patterns of the channels that the user may publish and subscribe to.
	Channels []string `pulumi:"channels"`
	// Commands are additional ACL rules, e.g. "+scan" to list keys. SCAN returns the names of all keys of the server,
	// including those of other uses.
	Commands []string `pulumi:"commands"`
}

func (a ServersArgs) withDefaults() ServersArgs {
	a.Cache = a.Cache.OrDefault(DefaultCache)
	a.Durable = a.Durable.OrDefault(DefaultDurable)
	a.Exporter = a.Exporter.OrDefault(DefaultExporter)
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
