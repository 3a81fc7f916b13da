package postgresql

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/components/pod"
)

// Defaults for a dedicated node with 2 GiB and 2 vCPU (about 1300 MiB and 1900m allocatable, DaemonSets included). The sum
// of all limits, with backup jobs of three databases running at once, is 1280 MiB and 1700m: a job uploads after it has dumped.
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
	// DefaultUpload is that of the AWS CLI, which needs about 90 MiB with one part of 8 MiB at a time.
	DefaultUpload = pod.Resources{
		Requests: pod.Amount{MilliCPU: 50, MemoryMiB: 96},
		Limits:   pod.Amount{MilliCPU: 100, MemoryMiB: 128},
	}
)

// DefaultMaxConnections is PostgreSQL's own default.
const DefaultMaxConnections = 100

// DefaultMonitor is the default role of the exporter.
const DefaultMonitor = "monitor"

// ServerArgs configures a PostgreSQL 15 server with its databases.
type ServerArgs struct {
	// Namespace of all objects; it must exist.
	Namespace pulumi.StringInput `pulumi:"namespace"`
	// Placement selects the node that has the data volume.
	Placement pod.Placement `pulumi:"placement"`
	// Storage is the node's data volume, with a directory for the databases and one for the dumps.
	Storage localvolume.Storage `pulumi:"storage"`
	// Image is a Debian-based postgres:15 image: it runs as uid 999 and has bash.
	Image string `pulumi:"image"`
	// ExporterImage is a prometheuscommunity/postgres-exporter image.
	ExporterImage string `pulumi:"exporterImage"`
	// Databases must be at least one.
	Databases []Database `pulumi:"databases"`
	// Backup is the schedule and the retention of dumps.
	Backup Backup `pulumi:"backup"`
	// Upload copies each dump to a bucket; nil leaves the dumps on the data volume alone.
	Upload *Upload `pulumi:"upload"`
	// MaxConnections of the server, DefaultMaxConnections by default.
	MaxConnections int `pulumi:"maxConnections"`
	// Monitor is the role of the exporter, DefaultMonitor by default.
	Monitor string `pulumi:"monitor"`
	// Server, Exporter and BackupJob are the containers' resources, with the defaults above.
	Server    pod.Resources `pulumi:"server"`
	Exporter  pod.Resources `pulumi:"exporter"`
	BackupJob pod.Resources `pulumi:"backupJob"`
}

// Database is a database that only its owner, its clients and the role of its dumps can connect to.
type Database struct {
	Name string `pulumi:"name"`
	// Owner is the role that owns this database only: it runs the migrations.
	Owner string `pulumi:"owner"`
	// MaxGiB is the planned maximum size in GiB. It sizes the volume and is not enforced.
	MaxGiB int `pulumi:"maxGiB"`
	// Connections is the owner's maximum of open connections; 0 for no limit except the server's.
	Connections int `pulumi:"connections"`
	// Clients are the roles of applications. They read and write rows of the owner's tables, in schema public, and change no table.
	Clients []Client `pulumi:"clients"`
}

// Client is the role of one application in one database.
type Client struct {
	// Role is the role's name.
	Role string `pulumi:"role"`
	// Connections is the role's maximum of open connections; 0 for no limit except the server's.
	Connections int `pulumi:"connections"`
}

// Backup is the schedule and the retention of the nightly dumps.
type Backup struct {
	// Hour and Minute of the first database's dump.
	Hour   int `pulumi:"hour"`
	Minute int `pulumi:"minute"`
	// TimeZone in the IANA database, e.g. "Asia/Seoul"; Etc/UTC by default.
	TimeZone string `pulumi:"timeZone"`
	// KeepDays is the retention of a dump in days.
	KeepDays int `pulumi:"keepDays"`
}

// Upload describes the bucket of the dumps. The job of a database puts each dump there, as <database>/<file>, and reads it back.
type Upload struct {
	// Bucket is the bucket's name.
	Bucket pulumi.StringInput `pulumi:"bucket"`
	// Region is the bucket's AWS region, e.g. ap-northeast-2.
	Region string `pulumi:"region"`
	// Image is an image of the AWS CLI with bash, e.g. amazon/aws-cli.
	Image string `pulumi:"image"`
	// Roles are the ARNs of IAM roles by database. Each may put and read below its own prefix, and the tokens of the service
	// account BackupName(server, database) may take it.
	Roles map[string]pulumi.StringInput `pulumi:"roles"`
	// Job is the container's resources, DefaultUpload by default.
	Job pod.Resources `pulumi:"job"`
}

// withDefaults returns a copy with all defaults filled in.
func (a ServerArgs) withDefaults() ServerArgs {
	a.Server = a.Server.OrDefault(DefaultServer)
	a.Exporter = a.Exporter.OrDefault(DefaultExporter)
	a.BackupJob = a.BackupJob.OrDefault(DefaultBackupJob)
	if a.Upload != nil {
		upload := *a.Upload
		upload.Job = upload.Job.OrDefault(DefaultUpload)
		a.Upload = &upload
	}
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
