package capacity

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

func TestInstanceType_Allocatable(t *testing.T) {
	medium, err := LookupInstanceType("t3.medium")
	require.NoError(t, err)
	// 4096 MiB less 7.5 % is 3788; less 255 + 11×30 for kubelet and 100 for eviction is 3103.
	assert.Equal(t, Resources{MilliCPU: 1930, MemoryMiB: 3103}, medium.Allocatable(30))
	assert.Equal(t, map[string]string{"cpu": "70m", "memory": "585Mi"}, medium.KubeReserved(30))

	xlarge, err := LookupInstanceType("t3.xlarge")
	require.NoError(t, err)
	assert.EqualValues(t, 80, xlarge.Reserved(30).MilliCPU, "6 %% + 1 %% + 2 × 0.5 %%")
}

func TestLookupInstanceType_Unknown(t *testing.T) {
	_, err := LookupInstanceType("t3.tiny")
	assert.ErrorContains(t, err, `instance type: "t3.tiny" must be one of c6i.large, `)
}

func pod(cpu, memory string) corev1.PodSpec {
	return corev1.PodSpec{Containers: []corev1.Container{{Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory),
	}}}}}
}

func TestRequests_InitContainersAndSidecars(t *testing.T) {
	spec := pod("100m", "100Mi")
	always := corev1.ContainerRestartPolicyAlways
	spec.InitContainers = []corev1.Container{pod("500m", "50Mi").Containers[0], pod("10m", "20Mi").Containers[0]}
	spec.InitContainers[1].RestartPolicy = &always
	assert.Equal(t, Resources{MilliCPU: 500, MemoryMiB: 120}, Requests(spec))
}

func twoNodes() []Node {
	room := Resources{MilliCPU: 1000, MemoryMiB: 1000}
	taint := func(value string) []corev1.Taint {
		return []corev1.Taint{{Key: "for", Value: value, Effect: corev1.TaintEffectNoSchedule}}
	}
	return []Node{
		{Name: "a", Labels: map[string]string{"type": "a"}, Taints: taint("a"), Allocatable: room},
		{Name: "b", Labels: map[string]string{"type": "b"}, Taints: taint("b"), Allocatable: room},
	}
}

func TestPlan_ReplicasAndDaemons(t *testing.T) {
	app := pod("200m", "100Mi")
	app.NodeSelector = map[string]string{"type": "b"}
	app.Tolerations = []corev1.Toleration{{Key: "for", Operator: corev1.TolerationOpEqual, Value: "b"}}
	daemon := pod("10m", "10Mi")
	daemon.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}

	load, err := Plan(twoNodes(), []PodSet{{Name: "app", Replicas: 3, Pod: app}, {Name: "daemon", EveryNode: true, Pod: daemon}})
	require.NoError(t, err)
	assert.Equal(t, map[string]Resources{"a": {10, 10}, "b": {610, 310}}, load)
	cpu, memory := load["b"].Of(twoNodes()[1].Allocatable)
	assert.InDelta(t, 61, cpu, 0.001)
	assert.InDelta(t, 31, memory, 0.001)
}

func TestPlan_AllProblemsTogether(t *testing.T) {
	tooLarge := pod("600m", "100Mi")
	tooLarge.NodeSelector = map[string]string{"type": "a"}
	tooLarge.Tolerations = []corev1.Toleration{{Key: "for", Operator: corev1.TolerationOpExists}}
	untolerated := pod("1m", "1Mi")
	untolerated.NodeSelector = map[string]string{"type": "b"}
	anywhere := pod("1m", "1Mi")
	anywhere.Tolerations = []corev1.Toleration{{Key: "for", Operator: corev1.TolerationOpExists}}

	_, err := Plan(twoNodes(), []PodSet{
		{Name: "large", Replicas: 2, Pod: tooLarge}, {Name: "kept off", Replicas: 1, Pod: untolerated}, {Name: "loose", Replicas: 1, Pod: anywhere},
	})
	assert.ErrorContains(t, err, "node a has requests of 1200m CPU and 200 MiB, must be at most 1000m and 1000 MiB")
	assert.ErrorContains(t, err, "kept off fits 0 nodes")
	assert.ErrorContains(t, err, "loose fits 2 nodes [a b]")
}

// A set that selects two nodes is spread over them.
func TestPlan_EqualNodesShareThePods(t *testing.T) {
	nodes := twoNodes()
	nodes[1].Labels, nodes[1].Taints = nodes[0].Labels, nodes[0].Taints
	app := pod("300m", "100Mi")
	app.NodeSelector = map[string]string{"type": "a"}
	app.Tolerations = []corev1.Toleration{{Key: "for", Operator: corev1.TolerationOpEqual, Value: "a"}}
	load, err := Plan(nodes, []PodSet{{Name: "app", Replicas: 5, Pod: app}})
	require.NoError(t, err)
	assert.Equal(t, map[string]Resources{"a": {900, 300}, "b": {600, 200}}, load)
	_, err = Plan(nodes, []PodSet{{Name: "app", Replicas: 7, Pod: app}})
	assert.ErrorContains(t, err, "node a has requests of 1200m CPU", "six have room")
}

// Pods stay on the node that they prefer while there is room on it, and move if it is gone.
func TestPlan_PreferredNodeFirst(t *testing.T) {
	prefers := func(value, memory string) corev1.PodSpec {
		spec := pod("100m", memory)
		spec.Tolerations = []corev1.Toleration{{Key: "for", Operator: corev1.TolerationOpExists}}
		spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{{
			Weight: 1, Preference: corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "type", Operator: corev1.NodeSelectorOpIn, Values: []string{value}}}},
		}}}}
		return spec
	}
	sets := []PodSet{{Name: "first", Replicas: 3, Pod: prefers("a", "200Mi")}, {Name: "second", Replicas: 2, Pod: prefers("b", "150Mi")}}
	load, err := Plan(twoNodes(), sets)
	require.NoError(t, err)
	assert.Equal(t, map[string]Resources{"a": {300, 600}, "b": {200, 300}}, load)
	load, err = Plan(twoNodes()[1:], sets)
	require.NoError(t, err)
	assert.Equal(t, map[string]Resources{"b": {500, 900}}, load)
	sets[0].Replicas = 4
	_, err = Plan(twoNodes()[1:], sets)
	assert.ErrorContains(t, err, "node b has requests of 600m CPU and 1100 MiB, must be at most 1000m and 1000 MiB")
}
