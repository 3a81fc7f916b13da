package postgresql

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/credentials"
	"github.com/growbin/cluster/internal/testing/recorder"
	"github.com/growbin/cluster/internal/testing/storetest"
)

const cronJob = "kubernetes:batch/v1:CronJob"

// deploy registers the server and returns the registrations and the URL of each role.
func deploy(t *testing.T, args ServerArgs) (*recorder.Recorder, map[string]string) {
	t.Helper()
	var roles []string
	for _, d := range args.Databases {
		roles = append(roles, d.logins()...)
	}
	return storetest.Run(t, roles, func(ctx *pulumi.Context) (*Server, error) { return NewServer(ctx, "main-db", &args) })
}

func TestServer(t *testing.T) {
	args := validArgs()
	r, urls := deploy(t, args)
	r.RequireDescend(t, serverType)

	storetest.CheckPod(t, r, "main-db", "postgresql", "9187", true)
	for _, d := range args.Databases {
		for _, role := range d.logins() {
			encoded := credentials.Encode(recorder.Password("main-db-" + role))
			assert.Equal(t, "postgresql://"+role+":"+encoded+"@main-db.data.svc:5432/"+d.Name, urls[role])
		}
	}
	assert.Len(t, r.OfType("kubernetes:core/v1:Service"), 2)
}

func TestPasswords_Hidden(t *testing.T) {
	r, _ := deploy(t, validArgs())
	for _, role := range []string{"postgres", "monitor", "orders_owner", "billing_owner", "audit_owner", "shop_api", "billing_api"} {
		password := recorder.Password("main-db-" + role)
		r.RequireHidden(t, password, credentials.Encode(password))
		r.RequireUsed(t, password)
	}
}

func TestBackups(t *testing.T) {
	r, _ := deploy(t, validArgs())
	jobs := r.OfType(cronJob)
	require.Len(t, jobs, 3)
	schedules := map[string]any{}
	for _, job := range jobs {
		schedules[job.Name] = job.Value("spec.schedule")
		assert.Equal(t, "Asia/Seoul", job.Value("spec.timeZone"))
		assert.Equal(t, "Forbid", job.Value("spec.concurrencyPolicy"))
		const podSpec = "spec.jobTemplate.spec.template.spec"
		assert.Equal(t, map[string]any{"role": "postgresql"}, job.Value(podSpec+".nodeSelector"))
		assert.NotEmpty(t, job.Value(podSpec+".tolerations"))
		job.RequireMounts(t, podSpec)
		// A job can read the password of its database's owner and no other.
		assert.Equal(t, "password", job.Value(podSpec+".volumes[1].name"))
		assert.Len(t, job.Value(podSpec+".volumes[1].secret.items"), 1)
		assert.Equal(t, "main-db", job.Value(podSpec+".volumes[3].persistentVolumeClaim.claimName"))
	}
	assert.Equal(t, map[string]any{
		"main-db-backup-orders": "10 3 * * *", "main-db-backup-billing": "30 3 * * *", "main-db-backup-audit-log": "50 3 * * *",
	}, schedules)
}

func TestSchedule_WrapsAtMidnight(t *testing.T) {
	assert.Equal(t, "10 0 * * *", Backup{Hour: 23, Minute: 30}.schedule(2))
}

func TestDefaults_FitSmallNode(t *testing.T) {
	a := validArgs().withDefaults()
	sum := a.Server.Limits.Add(a.Exporter.Limits)
	for range a.Databases {
		sum = sum.Add(a.BackupJob.Limits)
	}
	storetest.CheckFitsSmallNode(t, int64(sum.MilliCPU), int64(sum.MemoryMiB))
}

func TestBackups_Restricted(t *testing.T) {
	r, _ := deploy(t, validArgs())
	for _, job := range r.OfType(cronJob) {
		job.RequireRestricted(t, "spec.jobTemplate.spec.template.spec")
	}
}

func TestNewServer_InvalidArgs(t *testing.T) {
	args := validArgs()
	args.Databases[0].Owner = ""
	r, err := recorder.Run(func(ctx *pulumi.Context) error {
		_, err := NewServer(ctx, "main-db", &args)
		return err
	})
	require.ErrorContains(t, err, "postgresql main-db: Databases[0].Owner: not set")
	assert.Empty(t, r.OfType(serverType), "nothing is registered")

	args = validArgs()
	_, err = recorder.Run(func(ctx *pulumi.Context) error {
		_, err := NewServer(ctx, "a-name-that-is-far-too-long-for-its-own-jobs", &args)
		return err
	})
	require.ErrorContains(t, err, `Databases[2].Name: "audit_log" must be shorter, or the server's name: the backup job's name "a-name-that-is-far-too-long-for-its-own-jobs-backup-audit-log"`)
}

func TestPod_RestartsWithConfig(t *testing.T) {
	before, _ := deploy(t, validArgs())
	args := validArgs()
	args.MaxConnections = 110
	after, _ := deploy(t, args)
	name := func(r *recorder.Recorder) any {
		return r.One(t, storetest.StatefulSet, "main-db").Value("spec.template.spec.volumes[0].configMap.name")
	}
	assert.NotEqual(t, name(before), name(after))
}
