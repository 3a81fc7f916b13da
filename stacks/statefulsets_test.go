package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
)

// shutdownSeconds is the time that each store has from SIGTERM to SIGKILL: RabbitMQ flushes queues, PostgreSQL and Prometheus write
// checkpoints.
var shutdownSeconds = map[string]int64{
	"rabbitmq": 120, "postgresql": 120, "redis-cache": 30, "redis-durable": 30, "prometheus": 120, "alertmanager": 30,
}

func TestStatefulSets_EndAndStart(t *testing.T) {
	got := map[string]int64{}
	for _, set := range objectsOf[appsv1.StatefulSet](t, deploy(t, "dev", nil), "apps/v1:StatefulSet") {
		pod := set.Spec.Template.Spec
		require.NotNil(t, pod.TerminationGracePeriodSeconds, set.Name)
		got[set.Name] = *pod.TerminationGracePeriodSeconds
		assert.Equal(t, appsv1.ParallelPodManagement, set.Spec.PodManagementPolicy, "%s: a pod that is never ready would block its own update", set.Name)
		require.NotNil(t, pod.EnableServiceLinks, set.Name)
		assert.False(t, *pod.EnableServiceLinks, "%s: the image would read RABBITMQ_PORT and the like as settings", set.Name)
	}
	assert.Equal(t, shutdownSeconds, got)
}
