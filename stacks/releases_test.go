package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/clientcmd"
)

func releaseToken(application string) string { return "token-of-" + application }

// releaseTokens are the Secrets with the tokens that a controller manager would write.
func releaseTokens() (objects []runtime.Object) {
	for _, a := range catalog {
		objects = append(objects, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespaceApplications, Name: "release-" + a.Name},
			Data:       map[string][]byte{"token": []byte(releaseToken(a.Name))},
		})
	}
	return objects
}

func TestReleases_AKubeconfigPerApplication(t *testing.T) {
	w := deploy(t, "prod", nil)
	for _, a := range catalog {
		value, err := w.cloud.Parameter(ReleaseParameter("prod", a.Name))
		require.NoError(t, err, a.Name)
		config, err := clientcmd.Load([]byte(value))
		require.NoError(t, err, a.Name)
		require.Len(t, config.AuthInfos, 1)
		assert.Equal(t, releaseToken(a.Name), config.AuthInfos["release"].Token)
		assert.Empty(t, config.AuthInfos["release"].ClientCertificateData, "the administrator's certificate")
		current := config.Contexts[config.CurrentContext]
		assert.Equal(t, "release", current.AuthInfo)
		assert.NotEmpty(t, config.Clusters[current.Cluster].CertificateAuthorityData)
	}
}

// An update applies the image that runs: imageTag is that with which an application begins.
func TestReleases_AnUpdateKeepsTheImage(t *testing.T) {
	pod := func(name string) corev1.PodTemplateSpec {
		return corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: name, Image: "ghcr.io/growbin/waste-api:1.4.2"}}}}
	}
	meta := func(name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Name: name, Namespace: namespaceApplications}
	}
	original := connect
	t.Cleanup(func() { connect = original })
	connect = func(string) (kubernetes.Interface, error) {
		return fake.NewClientset(append(releaseTokens(),
			&appsv1.Deployment{ObjectMeta: meta("waste-api"), Spec: appsv1.DeploymentSpec{Template: pod("waste-api")}},
			&batchv1.CronJob{ObjectMeta: meta("migrate-growbin"), Spec: batchv1.CronJobSpec{JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: pod("migrate-growbin")}}}},
		)...), nil
	}
	w := deploy(t, "dev", nil)
	found := applications(t, w)
	image := func(name string) string { return found[name].Spec.Template.Spec.Containers[0].Image }
	assert.Equal(t, "ghcr.io/growbin/waste-api:1.4.2", image("waste-api"))
	assert.Equal(t, "ghcr.io/growbin/auth-api:1.0.0", image("auth-api"))
	job := objectsOf[batchv1.CronJob](t, w, "batch/v1:CronJob")["migrate-growbin"]
	assert.Equal(t, "ghcr.io/growbin/waste-api:1.4.2", job.Spec.JobTemplate.Spec.Template.Spec.Containers[0].Image)
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
