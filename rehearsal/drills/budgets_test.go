package drills

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
)

func readyPod(name string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "growbin", Name: name, UID: types.UID(name), Labels: map[string]string{"app": "waste"}},
		Status:     corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}},
	}
}

func wasteBudget() *policyv1.PodDisruptionBudget {
	return &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Namespace: "growbin", Name: "waste"},
		Spec:       policyv1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "waste"}}},
		Status:     policyv1.PodDisruptionBudgetStatus{DesiredHealthy: 1},
	}
}

func TestBudgets_Kept(t *testing.T) {
	client := fake.NewClientset(wasteBudget(), readyPod("a"), readyPod("b"))
	b, err := watchBudgets(t.Context(), client)
	require.NoError(t, err)
	require.NoError(t, client.CoreV1().Pods("growbin").Delete(t.Context(), "a", metav1.DeleteOptions{}))
	require.Eventually(t, func() bool { return b.fewest("growbin/waste") == 1 }, 5*time.Second, time.Millisecond)
	broken, count := b.broken()
	assert.Empty(t, broken)
	assert.Equal(t, 1, count)
}

// A violation counts even if all pods are healthy again when the budgets are read.
func TestBudgets_ShortViolation(t *testing.T) {
	client := fake.NewClientset(wasteBudget(), readyPod("a"))
	b, err := watchBudgets(t.Context(), client)
	require.NoError(t, err)
	ending := readyPod("a")
	now := metav1.Now()
	ending.DeletionTimestamp, ending.Finalizers = &now, []string{"test"}
	_, err = client.CoreV1().Pods("growbin").Update(t.Context(), ending, metav1.UpdateOptions{})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return b.fewest("growbin/waste") == 0 }, 5*time.Second, time.Millisecond)
	_, err = client.CoreV1().Pods("growbin").Create(t.Context(), readyPod("b"), metav1.CreateOptions{})
	require.NoError(t, err)
	broken, _ := b.broken()
	assert.Equal(t, []string{"growbin/waste had 0 of 1 healthy pods"}, broken)
}

func (b *budgets) fewest(name string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rules[name].least
}
