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
	const pod = "spec.jobTemplate.spec.template"
	assert.Equal(t, "Never", job.Value(pod+".spec.restartPolicy"))
	assert.EqualValues(t, 0, job.Value("spec.jobTemplate.spec.backoffLimit"))
	assert.Equal(t, "migrate", job.Value(pod + ".metadata.labels").(map[string]any)["app.kubernetes.io/name"], "the Service of the application must not select it")
}

// An update leaves the image of a released workload alone, and nothing else.
func TestWorkload_ReleasedKeepsItsImage(t *testing.T) {
	r := deployment(t, func(a *WorkloadArgs) { a.Released = true })
	assert.Equal(t, []string{"spec.template.spec.containers[0].image"}, r.IgnoreChanges)
	assert.Empty(t, deployment(t, unchanged).IgnoreChanges)
}
