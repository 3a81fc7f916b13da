package stacks

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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

func TestQueues_NoExchangeBlocksCelery(t *testing.T) {
	definitions := deployedDefinitions(t, deploy(t, "dev", nil))
	assert.Empty(t, definitions.Exchanges, "Celery declares topic exchanges, and fails if one of another type is there")
	assert.Empty(t, definitions.Bindings)
	var names []string
	for _, q := range definitions.Queues {
		names = append(names, q.Name)
	}
	assert.ElementsMatch(t, []string{"q.image_upload", "q.gpt5_analysis", "q.rule_retrieval", "q.response_generation", "q.dlq"}, names)
}

func TestQueues_RightsOfEachUser(t *testing.T) {
	queues := map[string]string{ // the queues that a user may write to or read from
		"waste-api":          "q.image_upload q.gpt5_analysis q.rule_retrieval q.response_generation",
		"image-uploader":     "q.image_upload q.gpt5_analysis",
		"rule-retriever":     "q.rule_retrieval q.response_generation",
		"task-scheduler":     "q.image_upload q.gpt5_analysis q.rule_retrieval q.response_generation",
		"gpt5-analyzer":      "q.gpt5_analysis q.rule_retrieval",
		"response-generator": "q.response_generation",
		"celery-exporter":    "",
		"operator":           "q.image_upload q.gpt5_analysis q.rule_retrieval q.response_generation q.dlq",
	}
	definitions := deployedDefinitions(t, deploy(t, "dev", nil))
	require.Len(t, definitions.Permissions, len(queues))
	for _, p := range definitions.Permissions {
		own, known := queues[p.User]
		require.True(t, known, p.User)
		for _, queue := range queueNames() {
			allowed := strings.Contains(" "+own+" ", " "+queue+" ")
			assert.Equal(t, allowed, regexp.MustCompile(p.Configure).MatchString(queue), "%s configures %s", p.User, queue)
			assert.Equal(t, allowed, regexp.MustCompile(p.Write).MatchString(queue), "%s writes to %s", p.User, queue)
		}
		// Remote control: the exporter inspects all workers, each of which replies.
		for _, right := range []string{p.Configure, p.Write, p.Read} {
			for _, name := range []string{"celery.pidbox", "celery@worker.celery.pidbox", "5b3c.reply.celery.pidbox", "celeryev", "celeryev.5b3c"} {
				assert.Regexp(t, right, name, p.User)
			}
		}
		assert.Equal(t, p.User == "operator" || p.User == celeryExporter || strings.Contains(own, "q.dlq"), regexp.MustCompile(p.Read).MatchString(queueDeadLetters), p.User)
	}
}

func TestCeleryExporter_SurvivesTheBroker(t *testing.T) {
	w := deploy(t, "dev", nil)
	secret := objectsOf[corev1.Secret](t, w, "core/v1:Secret")["celery-exporter"]
	assert.Contains(t, secret.StringData["CE_BROKER_URL"], "amqp://celery-exporter:")
	for _, r := range w.mocks.OfType("kubernetes:apps/v1:Deployment") {
		if r.Name == celeryExporter {
			text, err := json.Marshal(plain(at(t, r.Inputs, "spec.template.spec.containers.0.env")).Mappable())
			require.NoError(t, err)
			assert.Contains(t, string(text), `{"name":"CE_RETRY_INTERVAL","value":"5"}`)
			return
		}
	}
	t.Error("no exporter")
}
