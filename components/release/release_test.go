package release

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/recorder"
)

func TestReleaser_RightsAreThoseOfARelease(t *testing.T) {
	var secret string
	r, err := recorder.Run(func(ctx *pulumi.Context) error {
		releaser, err := NewReleaser(ctx, "api", &ReleaserArgs{Namespace: pulumi.String("apps"), Readable: []string{"api", "web"}, Migration: "migrate"})
		if err != nil {
			return err
		}
		releaser.Secret.ApplyT(func(value string) any { secret = value; return nil })
		return nil
	})
	require.NoError(t, err)
	r.RequireDescend(t, releaserType)
	assert.Equal(t, "release-api", secret)
	var rights []string
	for _, rule := range r.One(t, "kubernetes:rbac.authorization.k8s.io/v1:Role", "release-api").Value("rules").([]any) {
		fields := rule.(map[string]any)
		for _, verb := range fields["verbs"].([]any) {
			right := verb.(string) + " " + fields["resources"].([]any)[0].(string)
			names, _ := fields["resourceNames"].([]any)
			for _, name := range names {
				right += " " + name.(string)
			}
			rights = append(rights, right)
		}
	}
	assert.Equal(t, []string{
		"get deployments api", "patch deployments api", "get deployments api web", "get cronjobs migrate", "patch cronjobs migrate",
		"get jobs migrate", "delete jobs migrate", "create jobs",
	}, rights)
	binding := r.One(t, "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", "release-api")
	assert.Equal(t, "release-api", binding.Value("subjects[0].name"))
	assert.Equal(t, "release-api", r.One(t, "kubernetes:core/v1:Secret", "release-api").Value("metadata.annotations").(map[string]any)["kubernetes.io/service-account.name"])
}

// The rules themselves are tested by the drill release, with a real API server.
func TestGuard_DeniesAndFailsClosed(t *testing.T) {
	r, err := recorder.Run(func(ctx *pulumi.Context) error {
		_, err := NewGuard(ctx, "release", &GuardArgs{Namespace: "apps", Registry: "ghcr.io/example", Migrations: map[string]string{"api": "migrate"}})
		return err
	})
	require.NoError(t, err)
	r.RequireDescend(t, guardType)
	policies := r.OfType("kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy")
	require.Len(t, policies, 3)
	for _, p := range policies {
		assert.Equal(t, "Fail", p.Value("spec.failurePolicy"), p.Name)
		assert.Equal(t, []any{"Deny"}, r.One(t, "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding", p.Name).Value("spec.validationActions"))
	}
	jobs := r.One(t, "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding", "release-jobs")
	assert.Equal(t, "Deny", jobs.Value("spec.paramRef.parameterNotFoundAction"))
}

func TestArgs_AllProblemsAtOnce(t *testing.T) {
	err := (&GuardArgs{Namespace: "Apps"}).Validate()
	assert.ErrorContains(t, err, `Namespace: "Apps" must be the name of a namespace`)
	assert.ErrorContains(t, err, "Registry: not set")
	assert.ErrorContains(t, (&ReleaserArgs{}).Validate(), "Namespace: not set")
}
