package stacks

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/growbin/cluster/components/rabbitmq"
)

// deployedDefinitions returns the definitions that the deployed broker imports.
func deployedDefinitions(t *testing.T, w *world) rabbitmq.Definitions {
	t.Helper()
	secret, ok := objectsOf[corev1.Secret](t, w, "core/v1:Secret")["rabbitmq-definitions"]
	require.True(t, ok)
	var definitions rabbitmq.Definitions
	require.NoError(t, json.Unmarshal([]byte(secret.StringData["definitions.json"]), &definitions))
	return definitions
}

func TestQueues_ExchangesAreThoseOfCelery(t *testing.T) {
	w := deploy(t, "dev", nil)
	config := objectsOf[corev1.ConfigMap](t, w, "core/v1:ConfigMap")["rabbitmq-config"].Data["rabbitmq.conf"]
	assert.Contains(t, config, "deprecated_features.permit.transient_nonexcl_queues = true\n", "Celery's events and pidbox have such queues")
	definitions := deployedDefinitions(t, w)
	var names, exchanges []string
	own := func(name string) bool { return !strings.HasPrefix(name, "celery_delayed_") }
	for _, q := range definitions.Queues {
		if own(q.Name) {
			names = append(names, q.Name)
		}
	}
	for _, e := range definitions.Exchanges {
		if own(e.Name) {
			exchanges = append(exchanges, e.Name)
		}
		assert.Equal(t, "topic", e.Type, "Celery declares topic exchanges, and fails if one of another type is there")
	}
	require.Len(t, definitions.VirtualHosts, 1)
	assert.Equal(t, "growbin", definitions.VirtualHosts[0].Name, "messages stay in the former one, which nobody reads")
	assert.ElementsMatch(t, []string{"q.image_upload", "q.gpt5_analysis", "q.rule_retrieval", "q.response_generation", "q.dlq"}, names)
	assert.ElementsMatch(t, []string{"q.image_upload", "q.gpt5_analysis", "q.rule_retrieval", "q.response_generation"}, exchanges, "no sender may declare one")
}

func TestQueues_RightsOfEachUser(t *testing.T) {
	type rights struct{ publishes, consumes string }
	users := map[string]rights{
		"waste-api":          {"q.image_upload q.gpt5_analysis q.rule_retrieval q.response_generation", ""},
		"image-uploader":     {"q.gpt5_analysis", "q.image_upload"},
		"rule-retriever":     {"q.response_generation", "q.rule_retrieval"},
		"task-scheduler":     {"q.image_upload q.gpt5_analysis q.rule_retrieval q.response_generation", ""},
		"gpt5-analyzer":      {"q.rule_retrieval", "q.gpt5_analysis"},
		"response-generator": {"", "q.response_generation"},
	}
	definitions := deployedDefinitions(t, deploy(t, "dev", nil))
	require.Len(t, definitions.Permissions, len(users)+2, "and the exporter and the operator")
	has := func(names, name string) bool { return strings.Contains(" "+names+" ", " "+name+" ") }
	for _, p := range definitions.Permissions {
		may := func(expression, name string) bool { return regexp.MustCompile(expression).MatchString(name) }
		own, application := users[p.User]
		worker, operator := own.consumes != "", p.User == brokerOperator
		if !application {
			require.Contains(t, []string{celeryExporter, brokerOperator}, p.User)
		}
		for _, queue := range queueNames() {
			consumes := operator || has(own.consumes, queue)
			assert.Equal(t, consumes, may(p.Configure, queue), "%s configures %s", p.User, queue)
			assert.Equal(t, consumes || has(own.publishes, queue), may(p.Write, queue), "%s writes to %s", p.User, queue)
			assert.Equal(t, consumes || p.User == celeryExporter, may(p.Read, queue), "%s reads from %s", p.User, queue)
		}
		assert.Equal(t, operator, may(p.Write, "amq.default"), "%s writes to the default exchange", p.User)
		// Remote control: the exporter inspects all workers, each of which replies. No application commands them.
		assert.Equal(t, !application, may(p.Write, "celery.pidbox"), "%s commands workers", p.User)
		for _, right := range []string{p.Configure, p.Write, p.Read} {
			for _, name := range []string{"celery@worker.celery.pidbox", "5b3c.reply.celery.pidbox", "celeryev", "celeryev.5b3c"} {
				assert.Equal(t, worker || !application, may(right, name), "%s: %s", p.User, name)
			}
		}
	}
}

func TestCeleryExporter_SurvivesTheBroker(t *testing.T) {
	w := deploy(t, "dev", nil)
	secret := objectsOf[corev1.Secret](t, w, "core/v1:Secret")["celery-exporter"]
	assert.Contains(t, secret.StringData["CE_BROKER_URL"], "amqp://celery-exporter:")
	exporter, ok := objectsOf[appsv1.Deployment](t, w, "apps/v1:Deployment")[celeryExporter]
	require.True(t, ok)
	container := exporter.Spec.Template.Spec.Containers[0]
	assert.Contains(t, container.Env, corev1.EnvVar{Name: "CE_RETRY_INTERVAL", Value: "5"})
	require.NotNil(t, container.LivenessProbe)
	assert.Equal(t, "/health", container.LivenessProbe.HTTPGet.Path, "it answers 404 elsewhere")
}
