package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/growbin/cluster/components/noderole"
)

func joinedNode(name, instance string) *corev1.Node {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.NodeStatus{
		Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
	}}
	if instance != "" {
		node.Annotations = map[string]string{noderole.InstanceAnnotation: instance}
	}
	return node
}

// A row that was removed or renamed takes its Node object along; other nodes are not the program's.
func TestFormerNodes_AreDeleted(t *testing.T) {
	silent := joinedNode("k8s-lost", "i-2")
	silent.Status.Conditions[0].Status = corev1.ConditionUnknown
	client := fake.NewClientset(append(releaseTokens(),
		joinedNode("k8s-redis", "i-0"), joinedNode("k8s-cache", "i-1"), silent, joinedNode("of-somebody-else", ""))...)
	before := connect
	connect = func(string) (kubernetes.Interface, error) { return client, nil }
	t.Cleanup(func() { connect = before })

	w := deploy(t, "dev", nil)
	assert.Equal(t, []string{"k8s-cache", "k8s-lost"}, w.outputs[OutputRemovedNodes])
	left, err := client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	var names []string
	for _, node := range left.Items {
		names = append(names, node.Name)
	}
	assert.ElementsMatch(t, []string{"k8s-redis", "of-somebody-else"}, names)
}
