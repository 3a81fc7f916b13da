package roll

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

// rollingOut has one new pod of two, and one of the former revision too many.
func rollingOut() *appsv1.Deployment {
	replicas := int32(2)
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", Generation: 2}, Spec: appsv1.DeploymentSpec{Replicas: &replicas},
		Status: appsv1.DeploymentStatus{ObservedGeneration: 2, Replicas: 3, UpdatedReplicas: 1, AvailableReplicas: 2},
	}
}

// removeFrom removes a node with one pod. Each eviction calls evicted.
func removeFrom(t *testing.T, o Options, deployment *appsv1.Deployment, during func(*fake.Clientset), evicted func()) {
	t.Helper()
	client := fake.NewClientset(deployment,
		&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "former"}, Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}}},
		&corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-1", OwnerReferences: []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "web", Controller: new(true)}}},
			Spec:       corev1.PodSpec{NodeName: "former"},
		})
	client.PrependReactor("create", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		if action.GetSubresource() != "eviction" {
			return false, nil, nil
		}
		evicted()
		return true, nil, client.Tracker().Delete(corev1.SchemeGroupVersion.WithResource("pods"), "shop", "web-1")
	})
	if during != nil {
		go during(client)
	}
	o.Poll = 5 * time.Millisecond
	require.NoError(t, Remove(t.Context(), client, "former", o))
	_, err := client.CoreV1().Nodes().Get(t.Context(), "former", metav1.GetOptions{})
	assert.Error(t, err, "the node is still there")
}

// No disruption budget limits a rollout, so that a drain beside it would take a second pod.
func TestRemove_WaitsForRollouts(t *testing.T) {
	var done atomic.Bool
	evictions := 0
	finish := func(client *fake.Clientset) {
		time.Sleep(50 * time.Millisecond)
		deployment := rollingOut()
		deployment.Status.Replicas, deployment.Status.UpdatedReplicas = 2, 2
		done.Store(true)
		_, _ = client.AppsV1().Deployments("shop").UpdateStatus(context.WithoutCancel(t.Context()), deployment, metav1.UpdateOptions{})
	}
	removeFrom(t, Options{}, rollingOut(), finish, func() {
		evictions++
		assert.True(t, done.Load(), "evicted during the rollout")
	})
	assert.Equal(t, 1, evictions)
}

// A rollout that never ends does not keep a node in the cluster.
func TestRemove_RolloutThatDoesNotEnd(t *testing.T) {
	evictions := 0
	removeFrom(t, Options{SettleTimeout: 30 * time.Millisecond}, rollingOut(), nil, func() { evictions++ })
	assert.Equal(t, 1, evictions)
}
