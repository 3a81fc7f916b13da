package stacks

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/growbin/cluster/components/capacity"
	"github.com/growbin/cluster/internal/testing/awssim"
)

// grown gives one node more to AI, to the APIs and to storage.
var grown = map[string]string{
	"moreNodes":     `["k8s-worker-ai-peak=k8s-worker-ai","k8s-api-peak=k8s-api-high-traffic","k8s-worker-storage-peak=k8s-worker-storage"]`,
	"monthlyBudget": "0",
}

func TestMoreNodes_AreLikeTheirRow(t *testing.T) {
	s, err := decode(t, "prod", grown)
	require.NoError(t, err)
	require.Len(t, s.Nodes, len(topology)+3)
	row, err := nodeNamed(s.Nodes, "k8s-worker-ai")
	require.NoError(t, err)
	more, err := nodeNamed(s.Nodes, "k8s-worker-ai-peak")
	require.NoError(t, err)
	assert.Nil(t, row.Band, "its pods are on two nodes")
	assert.Equal(t, 2, more.Zone, "the zone after that of the row")
	assert.Equal(t, "Celery workers on AI APIs: image analysis, response generation (as k8s-worker-ai)", more.Purpose)
	more.Name, more.Zone, more.Purpose = row.Name, row.Zone, row.Purpose
	assert.Equal(t, row, more)
}

// An entry that is taken back deletes its instance, also where all others are protected.
func TestMoreNodes_LeaveAProtectedStack(t *testing.T) {
	overrides := maps.Clone(grown)
	overrides["surgeNodes"] = `["k8s-api-high-traffic"]`
	s, err := decode(t, "prod", overrides)
	require.NoError(t, err)
	require.True(t, s.DeletionProtection)
	var deletable []string
	for _, node := range s.clusterNodes(&liveAccount{}) {
		if node.Unprotected {
			deletable = append(deletable, node.Name)
		}
	}
	assert.ElementsMatch(t, []string{"k8s-worker-ai-peak", "k8s-api-peak", "k8s-worker-storage-peak", "k8s-api-high-traffic" + surgeSuffix}, deletable)
}

func TestMoreNodes_OfASmallerStackRunMorePods(t *testing.T) {
	s, err := decode(t, "dev", grown)
	require.NoError(t, err)
	pods := map[string]int{}
	for _, a := range s.Applications() {
		pods[a.Name] = a.Replicas
	}
	assert.Equal(t, map[string]int{
		"waste-api": 3, "chat-llm-api": 3, "auth-api": 2, "userinfo-api": 2, "location-api": 2, "recycle-info-api": 2,
		"image-uploader": 2, "rule-retriever": 2, "task-scheduler": 1, "gpt5-analyzer": 2, "response-generator": 2,
	}, pods, "dev has one pod of each worker on each node")
}

// The pods of an application are spread over its nodes, and made anew when a node is added. Those of the others stay as they are.
func TestMoreNodes_ShareThePods(t *testing.T) {
	before, w := deploy(t, "prod", map[string]string{"monthlyBudget": "0"}), deploy(t, "prod", grown)
	s, err := decode(t, "prod", grown)
	require.NoError(t, err)
	old := applications(t, before)
	for name, deployment := range applications(t, w) {
		template := deployment.Spec.Template
		on, err := nodeNamed(topology, designed[name].node)
		require.NoError(t, err)
		if on.Name == "k8s-api-low-traffic" {
			assert.Equal(t, old[name].Spec, deployment.Spec, name)
			continue
		}
		require.Len(t, template.Spec.TopologySpreadConstraints, 1, name)
		spread := template.Spec.TopologySpreadConstraints[0]
		assert.Equal(t, corev1.ScheduleAnyway, spread.WhenUnsatisfiable, "%s: a full node keeps no pod waiting", name)
		assert.Equal(t, map[string]string{"app.kubernetes.io/name": name}, spread.LabelSelector.MatchLabels)
		assert.Contains(t, template.Annotations["kubeadm-aws/nodes"], on.Name+",")
		load, err := capacity.Plan(nodeCapacities(s.Nodes), []capacity.PodSet{{Name: name, Replicas: 2, Pod: template.Spec}})
		require.NoError(t, err)
		assert.Len(t, load, 2, "%s runs on both nodes", name)
	}
}

func TestMoreNodes_Invalid(t *testing.T) {
	_, err := decode(t, "prod", map[string]string{"moreNodes": `["k8s-cache=k8s-redis","k8s-queue=k8s-none","k8s-worker-ai=k8s-worker-ai","k8s-ai-surge=k8s-worker-ai","k8s-ai-2=k8s-worker-ai"]`})
	for _, want := range []string{
		`growbin:moreNodes: "k8s-cache=k8s-redis" must be like a node without a data volume: one of k8s-api-high-traffic, `,
		`growbin:moreNodes: "k8s-queue=k8s-none" must be like a node`, `growbin:moreNodes: "k8s-worker-ai" must not name a node that exists`,
		`growbin:moreNodes: "k8s-ai-surge" must not end like a surge instance`, `topology.k8s-ai-2.Name: "k8s-ai-2" must state the purpose`,
	} {
		assert.ErrorContains(t, err, want)
	}
}

// An update needs room for one more pod of each application.
func TestFit_RoomForAnUpdate(t *testing.T) {
	before := catalog
	t.Cleanup(func() { catalog = before })
	catalog = Applications()
	for i := range catalog {
		if catalog[i].Name == "waste-api" {
			catalog[i].Requests.CPU = "290m" // three fit, and no fourth
		}
	}
	_, err := tryDeploy(t, "prod", map[string]string{"monthlyBudget": "0"}, awssim.Options{})
	assert.ErrorContains(t, err, "Deployment waste-api: 3 must leave room for one more pod on its nodes, during an update: node k8s-api-high-traffic has requests of ")
}
