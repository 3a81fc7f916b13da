package workload

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/recorder"
)

func TestTask_RunsOnDemandOnly(t *testing.T) {
	args := validArgs()
	args.Port, args.Liveness, args.Readiness, args.Startup, args.NodePort = 0, nil, nil, nil, 0
	args.SecretEnv = map[string]pulumi.StringInput{"DATABASE_URL": pulumi.String("postgresql://somewhere")}
	r, err := recorder.Run(func(ctx *pulumi.Context) error {
		_, err := NewTask(ctx, "migrate", &args, map[string]string{"kind": "migration"})
		return err
	})
	require.NoError(t, err)
	r.RequireDescend(t, taskType)
	job := r.One(t, "kubernetes:batch/v1:CronJob", "migrate")
	assert.Equal(t, true, job.Value("spec.suspend"))
	assert.Equal(t, "migration", job.Value("metadata.labels").(map[string]any)["kind"])
	assert.Equal(t, "migrate", r.One(t, "kubernetes:core/v1:Secret", "migrate").Value("metadata.name"), "others may run it too")
	const pod = "spec.jobTemplate.spec.template"
	assert.Equal(t, "Never", job.Value(pod+".spec.restartPolicy"))
	assert.EqualValues(t, 0, job.Value("spec.jobTemplate.spec.backoffLimit"))
	assert.Equal(t, "migrate", job.Value(pod + ".metadata.labels").(map[string]any)["app.kubernetes.io/name"], "the Service of the application must not select it")
}

func TestWorkload_RunsTheReleasedImage(t *testing.T) {
	assert.Equal(t, "ghcr.io/example/api:1.4.2", deployment(t, func(a *WorkloadArgs) { a.Released = pulumi.String("ghcr.io/example/api:1.4.2") }).Value(container+".image"))
}
