package stacks

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	"sigs.k8s.io/yaml"
)

func TestManifests_ImageOfEachApplicationAndItsMigration(t *testing.T) {
	private := map[string]string{"imageTag": "1.4.2", "registryUsername": "robot", "registryPassword": "robot-password"}
	settings, err := decode(t, "prod", private)
	require.NoError(t, err)
	files, err := settings.Manifests(t.Context())
	require.NoError(t, err)
	require.Len(t, files, len(settings.Applications()))
	assert.Equal(t, "waste-api.yaml", files[0].Name)
	tasks := objectsOf[batchv1.CronJob](t, deploy(t, "prod", private), "batch/v1:CronJob")
	for i, a := range settings.Applications() {
		job, deployment, both := strings.Cut(string(files[i].Text), "---\n")
		assert.Equal(t, a.Migrates, both, a.Name)
		if !both {
			deployment = job
		}
		var object map[string]any
		require.NoError(t, yaml.UnmarshalStrict([]byte(deployment), &object))
		assert.Equal(t, map[string]any{
			"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": a.Name, "namespace": "growbin"},
			"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
				"containers": []any{map[string]any{"name": a.Name, "image": "ghcr.io/growbin/" + a.Name + ":1.4.2"}},
			}}},
		}, object)
		if !both {
			continue
		}
		var hook batchv1.Job
		require.NoError(t, yaml.UnmarshalStrict([]byte(job), &hook))
		assert.Equal(t, a.migration(), hook.Name)
		assert.Equal(t, map[string]string{"argocd.argoproj.io/hook": "PreSync", "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation"}, hook.Annotations)
		want := tasks[a.migration()]
		assert.Equal(t, want.Labels, hook.Labels)
		want.Spec.JobTemplate.Spec.TTLSecondsAfterFinished = nil
		require.Len(t, hook.Spec.Template.Spec.ImagePullSecrets, 1)
		assert.Equal(t, "growbin-registry", hook.Spec.Template.Spec.ImagePullSecrets[0].Name)
		want.Spec.JobTemplate.Spec.Template.Spec.ImagePullSecrets = hook.Spec.Template.Spec.ImagePullSecrets
		assert.Equal(t, want.Spec.JobTemplate.Spec, hook.Spec, "with the secret of the owner, as growbin release runs it")
		assert.NotContains(t, job, "null", "no value is missing")
	}
}
