package stacks

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

// variables returns the plain environment variables of an application's container.
func variables(container corev1.Container) map[string]string {
	found := map[string]string{}
	for _, v := range container.Env {
		found[v.Name] = v.Value
	}
	return found
}

func TestBudgets_CallsToTheAIAPI(t *testing.T) {
	_, err := decode(t, "prod", map[string]string{"aiMaxCalls": "199"})
	require.ErrorContains(t, err, "growbin:aiMaxCalls: 199 must be at least 200")
	require.ErrorContains(t, err, "chat-llm-api 4 x 10, gpt5-analyzer 6 x 20, response-generator 4 x 10")
	_, err = decode(t, "prod", map[string]string{"aiMaxCalls": "200"})
	require.NoError(t, err)
	calls := map[string]string{"chat-llm-api": "10", "gpt5-analyzer": "20", "response-generator": "10"}
	for name, deployment := range applications(t, deploy(t, "prod", nil)) {
		assert.Equal(t, calls[name], variables(deployment.Spec.Template.Spec.Containers[0])["AI_MAX_CALLS"], name)
	}
}

func TestBudgets_DatabaseConnections(t *testing.T) {
	pools := map[string]string{
		"waste-api": "4", "chat-llm-api": "2", "auth-api": "3", "userinfo-api": "2", "location-api": "2", "recycle-info-api": "2",
		"image-uploader": "1", "rule-retriever": "1", "task-scheduler": "1", "gpt5-analyzer": "2", "response-generator": "2",
	}
	w := deploy(t, "prod", nil)
	for name, deployment := range applications(t, w) {
		env := variables(deployment.Spec.Template.Spec.Containers[0])
		assert.Equal(t, pools[name], env["DATABASE_POOL_SIZE"], name)
		assert.Equal(t, "0", env["DATABASE_MAX_OVERFLOW"], name)
	}
	// Pods during an update, times processes, times the pool: of all that use the database.
	limits := []string{
		"growbin waste_api 16", "growbin chat_llm_api 8", "growbin userinfo_api 6", "growbin location_api 6", "growbin recycle_info_api 6",
		"growbin image_uploader 32", "growbin rule_retriever 12", "growbin gpt5_analyzer 12", "growbin response_generator 8", // 4x4, 4x2, 3x2, (…)
		"auth auth_api 9", "analytics task_scheduler 1",
	}
	for _, config := range objectsOf[corev1.ConfigMap](t, w, "core/v1:ConfigMap") {
		if table, ok := config.Data["databases"]; ok {
			assert.Equal(t, "growbin growbin 2\nauth auth 2\nanalytics analytics 2\n", table, "migrations")
			assert.ElementsMatch(t, limits, strings.Split(strings.TrimSpace(config.Data["clients"]), "\n"))
			assert.Contains(t, config.Data["postgresql.conf"], "max_connections = 136\n")
			return
		}
	}
	t.Error("no table of databases")
}

// Each application has a role of its own, and the owner's password is in the Secret of the migration alone.
func TestDatabases_RolePerApplication(t *testing.T) {
	owners, roles := 0, map[string]bool{}
	for name, secret := range objectsOf[corev1.Secret](t, deploy(t, "prod", nil), "core/v1:Secret") {
		address, ok := secret.StringData["DATABASE_URL"]
		if !ok {
			continue
		}
		parsed, err := url.Parse(address)
		require.NoError(t, err)
		role, database := parsed.User.Username(), strings.TrimPrefix(parsed.Path, "/")
		assert.False(t, roles[role], "%s has the role of another", name)
		roles[role] = true
		if role == database {
			assert.Contains(t, name, "migrate-"+database)
			owners++
			continue
		}
		assert.Contains(t, name, strings.ReplaceAll(role, "_", "-"))
	}
	assert.Equal(t, len(databases()), owners)
	assert.Len(t, roles, len(catalog)+owners)
}

func TestBudgets_TooManyConnections(t *testing.T) {
	before := catalog
	t.Cleanup(func() { catalog = before })
	catalog = Applications()
	for i := range catalog {
		if catalog[i].Name == "auth-api" {
			catalog[i].DatabasePool++ // the catalog uses every connection
		}
	}
	_, err := decode(t, "prod", nil)
	require.ErrorContains(t, err, "catalog.DatabasePool: 125 must be at most 122 connections")
	require.ErrorContains(t, err, "growbin 108, auth 14, analytics 3")
}

func TestProbes_DoNotAskTheBroker(t *testing.T) {
	for name, deployment := range applications(t, deploy(t, "prod", nil)) {
		if strings.HasSuffix(name, "-api") {
			continue
		}
		container := deployment.Spec.Template.Spec.Containers[0]
		env := variables(container)
		age := []string{"sh", "-c", `test -n "$(find /tmp/heartbeat -mmin -2)"`}
		assert.Equal(t, "/tmp/heartbeat", env["HEARTBEAT_FILE"], name)
		assert.Equal(t, age, container.LivenessProbe.Exec.Command, name)
		assert.Equal(t, age, container.StartupProbe.Exec.Command, name)
		if name == "task-scheduler" {
			continue
		}
		assert.Equal(t, "/tmp/ready", env["READY_FILE"], name)
		assert.Equal(t, []string{"test", "-e", "/tmp/ready"}, container.ReadinessProbe.Exec.Command, name)
	}
}

func TestApplications_TimeToStop(t *testing.T) {
	seconds := map[string]int64{
		"waste-api": 330, "chat-llm-api": 330, "auth-api": 330, "userinfo-api": 330, "location-api": 330, "recycle-info-api": 330,
		"image-uploader": 120, "rule-retriever": 120, "task-scheduler": 30, "gpt5-analyzer": 180, "response-generator": 180,
	}
	found := applications(t, deploy(t, "prod", nil))
	require.Len(t, found, len(seconds))
	for name, deployment := range found {
		assert.Equal(t, seconds[name], *deployment.Spec.Template.Spec.TerminationGracePeriodSeconds, name)
	}
}

func TestNumbered_EveryForm(t *testing.T) {
	for _, name := range []string{"api-1", "api-01", "api1", "1-api", "api-1-a", "api-a", "api-two", "second-api", "api-ii", "api_2", "API-II"} {
		assert.True(t, numbered.MatchString(strings.ToLower(name)), name)
	}
	for _, n := range topology {
		assert.False(t, numbered.MatchString(strings.TrimPrefix(n.Name, "k8s-")), n.Name)
	}
	nodes := []Node{{Name: "k8s-api1", InstanceType: "t3.small", Role: RoleControlPlane}}
	require.ErrorContains(t, checkTopology(nodes, map[string]bool{"k8s-api1": true}, nil), `topology.k8s-api1.Name: "k8s-api1" must`)
}

func TestApplications_MemoryAsMeasured(t *testing.T) {
	// MiB with Celery 5.6.3 at the concurrency of the row; the peak is that of image-uploader with a photo of 12 megapixels in
	// each process. The others were measured idle.
	idle := map[string]int64{"image-uploader": 395, "rule-retriever": 172, "gpt5-analyzer": 70, "response-generator": 56}
	peak := map[string]int64{"image-uploader": 971}
	found := applications(t, deploy(t, "prod", nil))
	for name, mib := range idle {
		assert.GreaterOrEqual(t, found[name].Spec.Template.Spec.Containers[0].Resources.Requests.Memory().Value(), mib<<20, name)
	}
	for name, mib := range peak {
		assert.Greater(t, found[name].Spec.Template.Spec.Containers[0].Resources.Limits.Memory().Value(), mib<<20*11/10, name)
	}
}
