package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/verify"
)

func TestAutoscale_OwnsTheNumberOfPods(t *testing.T) {
	settings := map[string]string{"autoscale": `["waste-api=2-3"]`}
	w := deploy(t, "prod", settings)
	scaler := objectsOf[autoscalingv2.HorizontalPodAutoscaler](t, w, "autoscaling/v2:HorizontalPodAutoscaler")["waste-api"]
	assert.EqualValues(t, 2, *scaler.Spec.MinReplicas)
	assert.EqualValues(t, 3, scaler.Spec.MaxReplicas)
	assert.EqualValues(t, 80, *scaler.Spec.Metrics[0].Resource.Target.AverageUtilization)
	for _, r := range w.mocks.OfType("kubernetes:apps/v1:Deployment") {
		if r.Name == "waste-api" {
			assert.Equal(t, []string{"spec.replicas"}, r.IgnoreChanges)
		} else {
			assert.Empty(t, r.IgnoreChanges, r.Name)
		}
	}
	assert.Len(t, w.mocks.OfType("kubernetes:apiregistration.k8s.io/v1:APIService"), 1, "metrics-server")
	s, err := decode(t, "prod", settings)
	require.NoError(t, err)
	want := s.Expected()
	assert.Contains(t, want.Workloads, verify.Workload{Name: "waste-api", Replicas: 2, Max: 3, Nodes: []string{"k8s-api-high-traffic"}})
	assert.Contains(t, want.Workloads, verify.Workload{Name: "metrics-server", Replicas: 1, Nodes: []string{"k8s-monitoring"}})
	for _, n := range want.Nodes {
		assert.Equal(t, n.Name == "k8s-worker-storage" || n.Name == "k8s-worker-ai" || n.Name == "k8s-api-low-traffic", n.Band != nil, n.Name)
	}
}

func TestAutoscale_NothingWithoutIt(t *testing.T) {
	w := deploy(t, "prod", nil)
	assert.Empty(t, w.mocks.OfType("kubernetes:apiregistration.k8s.io/v1:APIService"))
	assert.Empty(t, w.mocks.OfType("kubernetes:autoscaling/v2:HorizontalPodAutoscaler"))
}

// All pods must fit the budgets that they share, and their nodes, at the largest number of pods.
func TestAutoscale_LimitsAtTheMaximum(t *testing.T) {
	_, err := decode(t, "prod", map[string]string{"autoscale": `["waste-api=3-5","gpt5-analyzer=5-9"]`, "aiMaxCalls": "250"})
	require.ErrorContains(t, err, "catalog.DatabasePool: 138 must be at most 122 connections at once", "4 more for each of 2 + 2 for each of 4")
	require.ErrorContains(t, err, "gpt5-analyzer 10 x 20")
	_, err = decode(t, "prod", map[string]string{"autoscale": `["waste-api=3-5","image-uploader=1-1"]`})
	require.NoError(t, err, "fewer pods of another application leave their connections")

	full := map[string]string{"autoscale": `["waste-api=3-5","image-uploader=1-1"]`}
	_, err = tryDeploy(t, "prod", full, awssim.Options{})
	require.ErrorContains(t, err, "Deployment waste-api: 5 must leave room for one more pod on its nodes")
	full["moreNodes"], full["monthlyBudget"] = `["k8s-api-peak=k8s-api-high-traffic"]`, "0"
	_, err = tryDeploy(t, "prod", full, awssim.Options{})
	require.NoError(t, err)
}

func TestAutoscale_Invalid(t *testing.T) {
	_, err := decode(t, "prod", map[string]string{"autoscale": `["task-scheduler=1-2","nobody=1-2","waste-api=3","auth-api=3-2","userinfo-api=0-2"]`})
	for _, want := range []string{
		`growbin:autoscale: "task-scheduler" must name an application of which several pods can run`, `growbin:autoscale: "nobody" must name`,
		`growbin:autoscale: "waste-api=3" must have the form name=MIN-MAX, e.g. waste-api=3-4`, `growbin:autoscale: "auth-api=3-2" must`,
		`growbin:autoscale: "userinfo-api=0-2" must`,
	} {
		assert.ErrorContains(t, err, want)
	}
}
