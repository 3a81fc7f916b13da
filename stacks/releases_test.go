package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/growbin/cluster/internal/testing/recorder"
)

func TestReleases_AKubeconfigPerApplication(t *testing.T) {
	w := deploy(t, "prod", nil)
	for _, a := range catalog {
		value, err := w.cloud.Parameter(ReleaseParameter("prod", a.Name))
		require.NoError(t, err, a.Name)
		config, err := clientcmd.Load([]byte(value))
		require.NoError(t, err, a.Name)
		require.Len(t, config.AuthInfos, 1)
		assert.Equal(t, recorder.Token("release-"+a.Name), config.AuthInfos["release"].Token)
		assert.Empty(t, config.AuthInfos["release"].ClientCertificateData, "the administrator's certificate")
		current := config.Contexts[config.CurrentContext]
		assert.Equal(t, "release", current.AuthInfo)
		assert.NotEmpty(t, config.Clusters[current.Cluster].CertificateAuthorityData)
	}
	assert.Equal(t, []string{"spec.template.spec.containers[0].image"}, w.mocks.One(t, "kubernetes:apps/v1:Deployment", "waste-api").IgnoreChanges)
}

// With gitPath Argo CD owns the images, and nobody else may change them.
func TestReleases_ArgoCDIsTheOtherOwner(t *testing.T) {
	git := map[string]string{"gitRepository": "https://github.com/growbin/deploy", "gitPath": "clusters/dev"}
	w := deploy(t, "dev", git)
	_, err := w.cloud.Parameter(ReleaseParameter("dev", "waste-api"))
	assert.ErrorContains(t, err, "ParameterNotFound")
	for _, role := range w.mocks.OfType("kubernetes:rbac.authorization.k8s.io/v1:Role") {
		assert.NotContains(t, role.Name, "release-")
	}
	settings, err := decode(t, "dev", git)
	require.NoError(t, err)
	_, _, err = settings.ReleaseImage("waste-api", "1.1.0")
	assert.ErrorContains(t, err, `growbin:gitPath: "clusters/dev" must be empty`)
	git["releaseRepositories"] = `["waste-api=growbin/waste-api"]`
	_, err = decode(t, "dev", git)
	assert.ErrorContains(t, err, "must be empty with gitPath")
}

func TestReleaseImage_AllProblemsAtOnce(t *testing.T) {
	settings, err := decode(t, "dev", nil)
	require.NoError(t, err)
	row, image, err := settings.ReleaseImage("waste-api", "1.4.2")
	require.NoError(t, err)
	assert.Equal(t, "ghcr.io/growbin/waste-api:1.4.2", image)
	assert.Equal(t, "migrate-growbin", row.Migration())
	_, _, err = settings.ReleaseImage("wast-api", "latest")
	assert.ErrorContains(t, err, `APPLICATION: "wast-api" must be one of waste-api`)
	assert.ErrorContains(t, err, `TAG: "latest" must be a version`)
}

// Each database has one application with its migrations.
func TestMigrations_OnePerDatabase(t *testing.T) {
	w := deploy(t, "dev", nil)
	jobs := objectsOf[batchv1.CronJob](t, w, "batch/v1:CronJob")
	for _, database := range databases() {
		job, ok := jobs["migrate-"+database.Name]
		require.True(t, ok, database.Name)
		container := job.Spec.JobTemplate.Spec.Template.Spec.Containers[0]
		assert.Equal(t, migrationCommand, container.Command)
		assert.True(t, *job.Spec.Suspend)
		var secrets []string
		for _, variable := range container.Env {
			if variable.ValueFrom != nil {
				secrets = append(secrets, variable.Name)
			}
		}
		assert.Equal(t, []string{"DATABASE_URL"}, secrets)
	}
	assert.Len(t, migrations(), len(databases()))
}

// A repository's workflows may read one kubeconfig, and reach the API server, but open no shell.
func TestReleases_RoleOfARepository(t *testing.T) {
	w := deploy(t, "prod", map[string]string{"releaseRepositories": `["waste-api=growbin/waste-api"]`})
	role := w.mocks.One(t, "aws:iam/role:Role", "growbin-prod-release-waste-api")
	trust := role.Value("assumeRolePolicy").(string)
	assert.Contains(t, trust, `"token.actions.githubusercontent.com:sub":"repo:growbin/waste-api:environment:prod"`)
	assert.Contains(t, trust, `:oidc-provider/token.actions.githubusercontent.com"`)
	policy := w.mocks.One(t, "aws:iam/rolePolicy:RolePolicy", "growbin-prod-release-waste-api").Value("policy").(string)
	assert.Contains(t, policy, `:parameter/growbin-prod/release/waste-api"`)
	assert.Contains(t, policy, `"ssm:SessionDocumentAccessCheck":"true"`)
	assert.NotContains(t, policy, "ssm:*")
}
