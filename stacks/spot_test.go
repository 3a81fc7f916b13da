package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/capacity"
	"github.com/growbin/cluster/internal/testing/awssim"
)

// allSpot are the four nodes of the design without data.
var allSpot = map[string]string{"buying": `["k8s-api-high-traffic=spot","k8s-api-low-traffic=spot","k8s-worker-storage=spot","k8s-worker-ai=spot"]`}

func TestSpot_InstancesAndTheirRights(t *testing.T) {
	w, err := tryDeploy(t, "prod", allSpot, awssim.Options{})
	require.NoError(t, err)
	for _, r := range w.mocks.OfType(instanceType) {
		node, err := nodeNamed(topology, r.Name)
		require.NoError(t, err)
		spot := r.Value("instanceMarketOptions.marketType") == "spot"
		assert.Equal(t, node.DataGiB == 0, spot, r.Name)
		assert.Equal(t, !spot, r.Value("disableApiTermination"), "EC2 protects no spot instance")
		machine, err := w.cloud.Machine(r.Name)
		require.NoError(t, err)
		left, err := machine.LeaveTargets("growbin-prod-")
		if !spot || node.Role != RoleAPI {
			assert.Error(t, err, "%s has no such right", r.Name)
			continue
		}
		require.NoError(t, err)
		assert.Len(t, left, 6, "the target groups of the APIs")
	}
}

// Pods prefer their own node, and may run on the other nodes without data, and on no others.
func TestSpot_PodsMayRunInThePool(t *testing.T) {
	w := deploy(t, "prod", allSpot)
	settings, err := decode(t, "prod", allSpot)
	require.NoError(t, err)
	others := nodeCapacities(settings.Nodes)
	load, err := capacity.Plan(others, podSets(t, w))
	require.NoError(t, err)
	assertInBands(t, settings.Nodes, load)
	for name, deployment := range applications(t, w) {
		spec := deployment.Spec.Template.Spec
		assert.Empty(t, spec.NodeSelector, name)
		for _, n := range settings.Nodes {
			_, err := capacity.Plan([]capacity.Node{n.Capacity()}, []capacity.PodSet{{Name: name, Replicas: 1, Pod: spec}})
			assert.Equal(t, n.DataGiB == 0, err == nil, "%s on %s", name, n.Name)
		}
	}
}

func TestSpot_RefusedWithoutRoomForTheTakenPods(t *testing.T) {
	_, err := tryDeploy(t, "prod", map[string]string{
		"buying": `["k8s-api-high-traffic=spot"]`, "instanceTypes": `["k8s-worker-ai=t3.small"]`,
	}, awssim.Options{})
	assert.ErrorContains(t, err, `growbin:buying: "k8s-api-high-traffic=spot" must leave room for the pods of the node on the others, while EC2 has taken it: node `)
}

func TestSpot_QuotaOfItsOwn(t *testing.T) {
	_, err := tryDeploy(t, "prod", allSpot, awssim.Options{Quotas: map[string]float64{vcpuQuota: 10, spotQuota: 8}})
	require.NoError(t, err)
	_, err = tryDeploy(t, "prod", allSpot, awssim.Options{Quotas: map[string]float64{spotQuota: 7}})
	assert.ErrorContains(t, err, "the stack needs 8 vCPUs of spot instances but only 7 are left")
}

func TestSpot_BillIsThatOfThePlan(t *testing.T) {
	bought := map[string]string{"buying": `["k8s-api-high-traffic=spot","k8s-api-low-traffic=spot","k8s-worker-storage=spot","k8s-worker-ai=spot",
		"k8s-master=savingsPlan1y","k8s-rabbitmq=savingsPlan1y","k8s-postgresql=savingsPlan1y","k8s-redis=savingsPlan1y","k8s-monitoring=savingsPlan1y"]`}
	s, err := decode(t, "prod", nil)
	require.NoError(t, err)
	plans, err := CostPlans(t.Context(), s)
	require.NoError(t, err)
	assert.Equal(t, plans[2].Monthly, estimate(t, "prod", bought).Bought())
}

func TestSurge_IsBoughtOnDemand(t *testing.T) {
	n := Node{Name: "k8s-worker-ai", Buying: BuySpot}
	assert.False(t, n.surgeNode().Spot())
}
