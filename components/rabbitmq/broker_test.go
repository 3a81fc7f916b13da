package rabbitmq

import (
	"encoding/json"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/credentials"
	"github.com/growbin/cluster/components/pod"
	"github.com/growbin/cluster/internal/testing/recorder"
	"github.com/growbin/cluster/internal/testing/storetest"
)

// deploy registers the broker and returns the registrations and the URL of each user.
func deploy(t *testing.T, args BrokerArgs) (*recorder.Recorder, map[string]string) {
	t.Helper()
	var users []string
	for _, u := range args.Users {
		users = append(users, u.Name)
	}
	return storetest.Run(t, users, func(ctx *pulumi.Context) (*Broker, error) { return NewBroker(ctx, "main-mq", &args) })
}

func TestBroker(t *testing.T) {
	args := validArgs()
	r, urls := deploy(t, args)
	r.RequireDescend(t, brokerType)
	storetest.CheckPod(t, r, "main-mq", "rabbitmq", "15692", true)
	volume := r.One(t, "kubernetes:core/v1:PersistentVolume", "main-mq")
	assert.Equal(t, "20Gi", volume.Value("spec.capacity.storage"))
	for _, u := range args.Users {
		password := credentials.Encode(recorder.Password("main-mq-" + u.Name))
		assert.Equal(t, "amqp://"+u.Name+":"+password+"@main-mq.data.svc:5672/shop%2Fmain", urls[u.Name])
	}
}

func TestPasswords_Hidden(t *testing.T) {
	args := validArgs()
	r, _ := deploy(t, args)
	for _, u := range args.Users {
		password := recorder.Password("main-mq-" + u.Name)
		r.RequireHidden(t, password, credentials.Encode(password), HashPassword(password))
		r.RequireUsed(t, HashPassword(password))
	}
}

func TestDefinitions_InSecret(t *testing.T) {
	r, _ := deploy(t, validArgs())
	secret := r.One(t, "kubernetes:core/v1:Secret", "main-mq-definitions")
	var definitions Definitions
	text, _ := secret.Value(`stringData.definitions\.json`).(string)
	require.NoError(t, json.Unmarshal([]byte(text), &definitions))
	assert.Len(t, definitions.Queues, 5+delayBits)
	assert.Len(t, definitions.Users, len(validArgs().Users))
	assert.Equal(t, "rabbit_password_hashing_sha256", definitions.Users[0].HashingAlgorithm)
	queues := 0
	for _, b := range definitions.Bindings {
		if b.Source == b.Destination { // that of a queue, from the exchange of its name
			assert.Equal(t, "queue", b.DestinationType, b.Source)
			queues++
		}
	}
	assert.Positive(t, queues)
}

func TestDefaults_FitSmallNode(t *testing.T) {
	r, _ := deploy(t, validArgs())
	cpu, memory := r.One(t, storetest.StatefulSet, "main-mq").Limits(t, storetest.PodSpec)
	storetest.CheckFitsSmallNode(t, cpu, memory)
}

func TestPod_RestartsWithChanges(t *testing.T) {
	before, _ := deploy(t, validArgs())
	args := validArgs()
	args.Queues[0].DeliveryLimit = 7
	queues, _ := deploy(t, args)
	args = validArgs()
	args.PermitTransientQueues = true
	config, _ := deploy(t, args)
	value := func(r *recorder.Recorder, path string) any {
		return r.One(t, storetest.StatefulSet, "main-mq").Value(path)
	}
	const secret, configMap = "spec.template.metadata.annotations." + pod.ChecksumAnnotation, storetest.PodSpec + ".volumes[0].configMap.name"
	assert.NotEqual(t, value(before, secret), value(queues, secret))
	assert.NotEqual(t, value(before, configMap), value(config, configMap))
	assert.Equal(t, value(before, configMap), value(queues, configMap))
}

func TestNewBroker_InvalidArgs(t *testing.T) {
	args := validArgs()
	args.Users[0].Publishes = []string{"nowhere"}
	r, err := recorder.Run(func(ctx *pulumi.Context) error {
		_, err := NewBroker(ctx, "main-mq", &args)
		return err
	})
	require.ErrorContains(t, err, `rabbitmq main-mq: Users[0].Publishes or Consumes: "nowhere" must be one of Queues`)
	assert.Empty(t, r.OfType(brokerType), "nothing is registered")
}
