package rabbitmq

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/credentials"
	"github.com/growbin/cluster/components/pod"
	"github.com/growbin/cluster/internal/testing/recorder"
)

const (
	statefulSet = "kubernetes:apps/v1:StatefulSet"
	podSpec     = "spec.template.spec"
)

// deploy registers the broker and returns what was registered, and the URL of each user.
func deploy(t *testing.T, args BrokerArgs) (*recorder.Recorder, map[string]string) {
	t.Helper()
	urls := map[string]string{}
	r, err := recorder.Run(func(ctx *pulumi.Context) error {
		broker, err := NewBroker(ctx, "main-mq", &args)
		if err != nil {
			return err
		}
		for _, u := range args.Users {
			url, err := broker.URL(u.Name)
			if err != nil {
				return err
			}
			url.ApplyT(func(v string) string { urls[u.Name] = v; return v })
		}
		if _, err := broker.URL("nobody"); err == nil {
			return fmt.Errorf("a URL of an unknown user")
		}
		return nil
	})
	require.NoError(t, err)
	return r, urls
}

func TestBroker(t *testing.T) {
	args := validArgs()
	r, urls := deploy(t, args)
	r.RequireDescend(t, brokerType)
	set := r.One(t, statefulSet, "main-mq")
	assert.Equal(t, map[string]any{"role": "rabbitmq"}, set.Value(podSpec+".nodeSelector"))
	assert.Equal(t, []any{map[string]any{"key": "dedicated", "operator": "Equal", "value": "rabbitmq", "effect": "NoSchedule"}}, set.Value(podSpec+".tolerations"))
	assert.Equal(t, "15692", set.Value(`spec.template.metadata.annotations.prometheus\.io/port`))
	assert.Equal(t, set.Value("spec.selector.matchLabels"), set.Value("spec.template.metadata.labels"))
	assert.Equal(t, "main-mq-headless", set.Value("spec.serviceName"))
	set.RequireMounts(t, podSpec, "data")
	set.RequireRestricted(t, podSpec)
	for _, probe := range []string{"startupProbe", "readinessProbe", "livenessProbe"} {
		assert.NotNil(t, set.Value(podSpec+".containers[0]."+probe), probe)
	}
	volume := r.One(t, "kubernetes:core/v1:PersistentVolume", "main-mq")
	assert.Equal(t, "data-main-mq-0", volume.Value("spec.claimRef.name"))
	assert.Equal(t, "20Gi", volume.Value("spec.capacity.storage"))
	service := r.One(t, "kubernetes:core/v1:Service", "main-mq")
	assert.Equal(t, set.Value("spec.template.metadata.labels"), service.Value("spec.selector"))
	for _, u := range args.Users {
		password := credentials.Encode(recorder.Password("main-mq-" + u.Name))
		assert.Equal(t, "amqp://"+u.Name+":"+password+"@main-mq.data.svc:5672/shop%2Fmain", urls[u.Name])
	}
}

func TestPasswordsStayHidden(t *testing.T) {
	args := validArgs()
	r, _ := deploy(t, args)
	for _, u := range args.Users {
		password := recorder.Password("main-mq-" + u.Name)
		r.RequireHidden(t, password, credentials.Encode(password), HashPassword(password))
		r.RequireUsed(t, HashPassword(password))
	}
}

func TestDefinitionsAreTheSecretsContent(t *testing.T) {
	r, _ := deploy(t, validArgs())
	secret := r.One(t, "kubernetes:core/v1:Secret", "main-mq-definitions")
	var definitions Definitions
	text, _ := secret.Value(`stringData.definitions\.json`).(string)
	require.NoError(t, json.Unmarshal([]byte(text), &definitions))
	assert.Len(t, definitions.Queues, 5)
	assert.Len(t, definitions.Users, 5)
	assert.Equal(t, "rabbit_password_hashing_sha256", definitions.Users[0].HashingAlgorithm)
}

func TestDefaultsFitASmallNode(t *testing.T) {
	r, _ := deploy(t, validArgs())
	cpu, memory := r.One(t, statefulSet, "main-mq").Limits(t, podSpec)
	assert.LessOrEqual(t, memory, int64(1200), "1300 MiB allocatable less DaemonSets")
	assert.LessOrEqual(t, cpu, int64(1750), "1900m allocatable less DaemonSets")
}

func TestChangesStartANewPod(t *testing.T) {
	before, _ := deploy(t, validArgs())
	args := validArgs()
	args.Queues[0].DeliveryLimit = 7
	queues, _ := deploy(t, args)
	args = validArgs()
	args.PermitTransientQueues = true
	config, _ := deploy(t, args)
	value := func(r *recorder.Recorder, path string) any { return r.One(t, statefulSet, "main-mq").Value(path) }
	const secret, configMap = "spec.template.metadata.annotations." + pod.ChecksumAnnotation, podSpec + ".volumes[0].configMap.name"
	assert.NotEqual(t, value(before, secret), value(queues, secret))
	assert.NotEqual(t, value(before, configMap), value(config, configMap))
	assert.Equal(t, value(before, configMap), value(queues, configMap))
}

func TestNewBrokerRefuses(t *testing.T) {
	args := validArgs()
	args.Users[0].Publishes = []string{"nowhere"}
	r, err := recorder.Run(func(ctx *pulumi.Context) error {
		_, err := NewBroker(ctx, "main-mq", &args)
		return err
	})
	require.ErrorContains(t, err, `rabbitmq main-mq: Users[0] ("api") uses queue "nowhere", which is not among Queues`)
	assert.Empty(t, r.OfType(brokerType), "nothing is registered")
}
