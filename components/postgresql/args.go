package postgresql

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/components/pod"
)

// Defaults of a server that has a node with 2 GiB and 2 vCPU (about 1300 MiB and 1900m allocatable) to
// itself and to the DaemonSets. All limits together, with every backup job at once for three databases,
// are 1184 MiB and 1700m.
var (
	DefaultServer = pod.Resources{
		Requests: pod.Amount{MilliCPU: 500, MemoryMiB: 832},
		Limits:   pod.Amount{MilliCPU: 1300, MemoryMiB: 832},
	}
	DefaultExporter = pod.Resources{
		Requests: pod.Amount{MilliCPU: 10, MemoryMiB: 32},
		Limits:   pod.Amount{MilliCPU: 100, MemoryMiB: 64},
	}
	DefaultBackupJob = pod.Resources{
		Requests: pod.Amount{MilliCPU: 50, MemoryMiB: 48},
		Limits:   pod.Amount{MilliCPU: 100, MemoryMiB: 96},
	}
)

// DefaultMaxConnections is PostgreSQL's own default.
const DefaultMaxConnections = 100

// DefaultMonitor is the role of the exporter.
const DefaultMonitor = "monitor"

// ServerArgs describe one PostgreSQL 15 server with its databases.
type ServerArgs struct {
	// Namespace that everything is made in; it must exist.
	Namespace pulumi.StringInput
	Placement pod.Placement
	// Storage is the node's data volume; databases and dumps live in directories of it.
	Storage localvolume.Storage
	// Image is a postgres:15 image of Debian: its server runs as uid 999 and it has bash.
	Image string
	// ExporterImage is a prometheuscommunity/postgres-exporter image.
	ExporterImage string
	// Databases are at least one.
	Databases []Database
	// Backup is when each database is dumped, and for how long dumps are kept.
	Backup Backup
	// MaxConnections is DefaultMaxConnections when 0.
	MaxConnections int
	// Monitor is the role of the exporter; DefaultMonitor when empty.
	Monitor string
	// Server, Exporter and BackupJob are the defaults above when zero.
	Server, Exporter, BackupJob pod.Resources
}

// Database is a database that only its owner can connect to.
type Database struct {
	Name string
	// Owner is the role that owns it and nothing else.
	Owner string
	// MaxGiB is what the database may grow to. It is not enforced: it is what the volume is planned for.
	MaxGiB int
	// Connections is the most the owner may have open; 0 is no limit but the server's.
	Connections int
}

// Backup is when databases are dumped, one after the other.
type Backup struct {
	// Hour and Minute of the first dump, each night.
	Hour, Minute int
	// TimeZone is of the IANA database, for example "Asia/Seoul"; Etc/UTC when empty.
	TimeZone string
	// KeepDays is for how many days a dump is kept.
	KeepDays int
}

// withDefaults returns a copy with everything filled in that may be left out.
func (a ServerArgs) withDefaults() ServerArgs {
	fill := func(to *pod.Resources, standard pod.Resources) {
		if *to == (pod.Resources{}) {
			*to = standard
		}
	}
	fill(&a.Server, DefaultServer)
	fill(&a.Exporter, DefaultExporter)
	fill(&a.BackupJob, DefaultBackupJob)
	if a.MaxConnections == 0 {
		a.MaxConnections = DefaultMaxConnections
	}
	if a.Monitor == "" {
		a.Monitor = DefaultMonitor
	}
	if a.Backup.TimeZone == "" {
		a.Backup.TimeZone = "Etc/UTC"
	}
	return a
}
