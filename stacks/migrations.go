package stacks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/release"
	"github.com/growbin/cluster/components/workload"
)

// migrationCommand brings a database to the schema of the image. It succeeds if there is nothing to do.
var migrationCommand = []string{"alembic", "upgrade", "head"}

// migration returns the name of the Job that migrates the application's database; empty for an application that has none.
func (a Application) migration() string {
	if !a.Migrates {
		return ""
	}
	return "migrate-" + a.Database
}

// migrations returns the names of the Jobs by application.
func migrations() map[string]string {
	names := map[string]string{}
	for _, a := range catalog {
		if a.Migrates {
			names[a.Name] = a.migration()
		}
	}
	return names
}

// newMigration creates the task that a release runs. It is the application's pod with the
// database alone, as its owner: no application may change a table.
func (a Application) newMigration(ctx *pulumi.Context, of *workload.WorkloadArgs, released releasedImages, p *platform, stores *stores) error {
	if !a.Migrates {
		return nil
	}
	owner, err := stores.database.URL(a.Database)
	if err != nil {
		return err
	}
	args := &workload.WorkloadArgs{
		Namespace: of.Namespace, Image: of.Image, Released: released.of("CronJob", a.migration(), of.Image), PullSecret: of.PullSecret, Command: migrationCommand,
		Env:          map[string]string{"SERVICE_NAME": a.migration(), "LOG_LEVEL": of.Env["LOG_LEVEL"], "ENVIRONMENT": of.Env["ENVIRONMENT"]},
		SecretEnv:    map[string]pulumi.StringInput{string(envDatabase): owner},
		NodeSelector: of.NodeSelector, Tolerations: of.Tolerations,
		Requests: workload.Resources{CPU: "50m", Memory: "128Mi"}, Limits: workload.Resources{Memory: "512Mi"},
		PartOf: of.PartOf, Component: release.MigrationLabels[componentLabel],
	}
	_, err = workload.NewTask(ctx, a.migration(), args, release.MigrationLabels, p.inCluster)
	return err
}
