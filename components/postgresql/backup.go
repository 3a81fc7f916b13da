package postgresql

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	batch "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/pod"
	"github.com/growbin/cluster/components/store"
	"github.com/growbin/cluster/components/validation"
)

// backupSpacing is the time in minutes between the dumps of two databases, so that they do not compete.
const backupSpacing = 20

// maxCronJobName is Kubernetes's limit: a job's name has 11 characters more, and at most 63.
const maxCronJobName = 52

// dumpRole returns the role of the database's dumps, which reads and does not write. Its connections are not the owner's: an
// application with a full pool does not stop a dump.
func (d Database) dumpRole() string { return d.Name + "_dump" }

// clientsRole returns the role whose members are the database's clients.
func (d Database) clientsRole() string { return d.Name + "_clients" }

// createBackups creates a CronJob per database. It can read the password of the database's dump role and no other.
func (s *Server) createBackups(ctx *pulumi.Context, server *store.Store) error {
	for i, d := range s.args.Databases {
		name := BackupName(s.name, d.Name)
		if err := s.createServiceAccount(ctx, name); err != nil {
			return err
		}
		_, err := batch.NewCronJob(ctx, name, s.cronJob(i, server),
			pulumi.Parent(s),
			// The first run needs a server.
			pulumi.DependsOn([]pulumi.Resource{server.StatefulSet}))
		if err != nil {
			return fmt.Errorf("create CronJob %s: %w", name, err)
		}
	}
	return nil
}

func (s *Server) cronJob(index int, server *store.Store) *batch.CronJobArgs {
	database := s.args.Databases[index]
	job := server.Pod
	job.Labels = pod.Labels("postgresql", s.name, "backup")
	job.GraceSeconds = 30
	job.Containers = core.ContainerArray{s.args.backupContainer(s.name, database)}
	job.Volumes = core.VolumeArray{
		pod.ConfigVolume("config", server.Config),
		pod.SecretVolume("password", server.Secret, database.dumpRole()),
		pod.Scratch("tmp", 16),
		// Any pod of the same node can mount the claim, and a local volume ties its pods to the node.
		server.Volume.PodVolume(),
	}
	spec := job.Spec()
	spec.RestartPolicy = pulumi.String("Never") // keeps the log of a failed pod
	if s.args.Upload != nil {
		s.upload(spec, database)
	}
	return &batch.CronJobArgs{
		Metadata: &meta.ObjectMetaArgs{
			Name: pulumi.String(BackupName(s.name, database.Name)), Namespace: s.args.Namespace.ToStringOutput(), Labels: job.Labels,
		},
		Spec: &batch.CronJobSpecArgs{
			Schedule: pulumi.String(s.args.Backup.schedule(index)),
			TimeZone: pulumi.String(s.args.Backup.TimeZone),
			// backup.sh removes incomplete dumps of an earlier run.
			ConcurrencyPolicy: pulumi.String("Forbid"),
			// A run that was missed while the control plane was down is caught up.
			StartingDeadlineSeconds:    pulumi.Int(6 * 3600),
			SuccessfulJobsHistoryLimit: pulumi.Int(1),
			FailedJobsHistoryLimit:     pulumi.Int(3),
			JobTemplate: &batch.JobTemplateSpecArgs{Spec: &batch.JobSpecArgs{
				BackoffLimit:          pulumi.Int(2),
				ActiveDeadlineSeconds: pulumi.Int(3600),
				Template:              &core.PodTemplateSpecArgs{Metadata: &meta.ObjectMetaArgs{Labels: job.Labels}, Spec: spec},
			}},
		},
	}
}

func (a ServerArgs) backupContainer(host string, database Database) core.ContainerArgs {
	return core.ContainerArgs{
		Name:    pulumi.String("backup"),
		Image:   pulumi.String(a.Image), // pg_dump must have the server's version
		Command: pulumi.ToStringArray([]string{path.Join(configDir, "backup.sh")}),
		Env: env(map[string]string{
			"PGHOST":        host,
			"PGPORT":        strconv.Itoa(port),
			"PGUSER":        database.dumpRole(),
			"PGDATABASE":    database.Name,
			"PASSWORD_FILE": path.Join(passwordsDir, database.dumpRole()),
			"BACKUP_DIR":    backupDir,
			"KEEP_DAYS":     strconv.Itoa(a.Backup.KeepDays),
		}),
		Resources:       a.BackupJob.Args(),
		SecurityContext: pod.ContainerSecurity(0),
		VolumeMounts: core.VolumeMountArray{
			pod.Mount("config", configDir),
			pod.Mount("password", passwordsDir),
			pod.Writable("tmp", "/tmp", ""),
			pod.Writable("data", backupDir, backupSubPath),
		},
	}
}

// schedule returns the cron expression of the dump with the given index.
func (b Backup) schedule(index int) string {
	minutes := (b.Hour*60 + b.Minute + index*backupSpacing) % (24 * 60)
	return fmt.Sprintf("%d %d * * *", minutes%60, minutes/60)
}

// BackupName returns the name of the CronJob of a database's dumps, and of its service account.
func BackupName(server, database string) string {
	return server + "-backup-" + strings.ReplaceAll(database, "_", "-")
}

// validateName rejects names that Kubernetes would reject after half of the server is deployed.
func (s *Server) validateName() error {
	var problems validation.Problems
	for i, d := range s.args.Databases {
		if name := BackupName(s.name, d.Name); len(name) > maxCronJobName {
			problems.Add(fmt.Sprintf("Databases[%d].Name", i), d.Name,
				"must be shorter, or the server's name: the backup job's name %q must have at most %d characters", name, maxCronJobName)
		}
	}
	return problems.Err()
}

// BackupJobs returns the names of the CronJobs, one per database in the order of ServerArgs.Databases.
func (s *Server) BackupJobs() []string {
	var names []string
	for _, d := range s.args.Databases {
		names = append(names, BackupName(s.name, d.Name))
	}
	return names
}
