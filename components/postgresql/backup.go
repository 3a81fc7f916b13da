package postgresql

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	batch "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/pod"
)

// backupSpacing is how many minutes lie between the dumps of two databases, so that they do not compete.
const backupSpacing = 20

// maxCronJobName is Kubernetes' limit: a job adds 11 characters, and is held to 63.
const maxCronJobName = 52

// createBackups makes one CronJob per database, which has the password of that database's owner and no other.
func (s *Server) createBackups(ctx *pulumi.Context, server pod.Pod, claim string, config, secret pulumi.StringInput, after pulumi.Resource) error {
	for i, d := range s.args.Databases {
		name := backupName(s.name, d.Name)
		_, err := batch.NewCronJob(ctx, name, s.cronJob(i, server, claim, config, secret),
			pulumi.Parent(s),
			// The first run would fail before there is a server.
			pulumi.DependsOn([]pulumi.Resource{after}))
		if err != nil {
			return fmt.Errorf("create CronJob %s: %w", name, err)
		}
	}
	return nil
}

func (s *Server) cronJob(index int, server pod.Pod, claim string, config, secret pulumi.StringInput) *batch.CronJobArgs {
	database := s.args.Databases[index]
	job := server
	job.Labels = pod.Labels("postgresql", s.name, "backup")
	job.GraceSeconds = 30
	job.Containers = core.ContainerArray{s.args.backupContainer(s.name, database)}
	job.Volumes = core.VolumeArray{
		pod.ConfigVolume("config", config),
		pod.SecretVolume("password", secret, database.Owner),
		pod.Scratch("tmp", 16),
		// The claim can be mounted by any pod of the same node, and local volumes leave no other node.
		core.VolumeArgs{Name: pulumi.String("data"), PersistentVolumeClaim: &core.PersistentVolumeClaimVolumeSourceArgs{ClaimName: pulumi.String(claim)}},
	}
	spec := job.Spec()
	spec.RestartPolicy = pulumi.String("Never") // a failed pod's log stays to be read
	return &batch.CronJobArgs{
		Metadata: &meta.ObjectMetaArgs{
			Name: pulumi.String(backupName(s.name, database.Name)), Namespace: s.args.Namespace.ToStringOutput(), Labels: job.Labels,
		},
		Spec: &batch.CronJobSpecArgs{
			Schedule: pulumi.String(s.args.Backup.schedule(index)),
			TimeZone: pulumi.String(s.args.Backup.TimeZone),
			// backup.sh clears what an earlier run left behind.
			ConcurrencyPolicy: pulumi.String("Forbid"),
			// A control plane that was away for some hours catches up.
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
		Image:   pulumi.String(a.Image), // the server's own: a dump needs its version
		Command: pulumi.ToStringArray([]string{path.Join(configDir, "backup.sh")}),
		Env: env(map[string]string{
			"PGHOST":        host,
			"PGPORT":        strconv.Itoa(port),
			"PGUSER":        database.Owner,
			"PGDATABASE":    database.Name,
			"PASSWORD_FILE": path.Join(passwordsDir, database.Owner),
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

// schedule is the cron expression of the dump with that index.
func (b Backup) schedule(index int) string {
	minutes := (b.Hour*60 + b.Minute + index*backupSpacing) % (24 * 60)
	return fmt.Sprintf("%d %d * * *", minutes%60, minutes/60)
}

func backupName(server, database string) string {
	return server + "-backup-" + strings.ReplaceAll(database, "_", "-")
}

// validateName finds names that Kubernetes would refuse only after half of the server is made.
func (s *Server) validateName() error {
	var problems []error
	for _, d := range s.args.Databases {
		if name := backupName(s.name, d.Name); len(name) > maxCronJobName {
			problems = append(problems, fmt.Errorf("the backup job's name %q has %d characters; give the server or the database a shorter name, for at most %d", name, len(name), maxCronJobName))
		}
	}
	return errors.Join(problems...)
}

// BackupJobs are the names of the CronJobs, one per database in the order of ServerArgs.Databases.
func (s *Server) BackupJobs() []string {
	var names []string
	for _, d := range s.args.Databases {
		names = append(names, backupName(s.name, d.Name))
	}
	return names
}
