package verify

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestPodsBehind_ReadyPodsOfTheService(t *testing.T) {
	pod := func(namespace, name, app string, ready corev1.ConditionStatus) corev1.Pod {
		return corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"app": app}},
			Status: corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{
				{Type: corev1.PodReady, Status: ready},
			}},
		}
	}
	s := &Snapshot{
		Services: []corev1.Service{{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"},
			Spec:       corev1.ServiceSpec{Selector: map[string]string{"app": "web"}, Ports: []corev1.ServicePort{{NodePort: 30080}}},
		}},
		Pods: []corev1.Pod{
			pod("shop", "web-1", "web", corev1.ConditionTrue), pod("shop", "web-2", "web", corev1.ConditionFalse),
			pod("shop", "cart-1", "cart", corev1.ConditionTrue), pod("other", "web-3", "web", corev1.ConditionTrue),
		},
	}
	var names []string
	for _, p := range s.PodsBehind(30080) {
		names = append(names, p.Name)
	}
	assert.Equal(t, []string{"web-1"}, names)
	assert.Empty(t, s.PodsBehind(30081))
}
