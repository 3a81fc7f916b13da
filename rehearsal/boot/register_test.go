package boot

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func TestRegister_PodsOfThePredecessor(t *testing.T) {
	pod := func(name string, phase corev1.PodPhase) *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "growbin", Name: name}, Spec: corev1.PodSpec{NodeName: "worker"},
			Status: corev1.PodStatus{Phase: phase, PodIP: "10.0.0.9", Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse}}},
		}
	}
	client := fake.NewClientset(pod("silent", corev1.PodRunning), pod("done", corev1.PodSucceeded))
	require.NoError(t, startPods(t.Context(), client, "worker"))
	silent, err := client.CoreV1().Pods("growbin").Get(t.Context(), "silent", metav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, corev1.PodStatus{Phase: corev1.PodPending}, silent.Status, "no container of it runs on the new machine")
	done, err := client.CoreV1().Pods("growbin").Get(t.Context(), "done", metav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, corev1.PodSucceeded, done.Status.Phase, "a finished pod does not run again")
}
