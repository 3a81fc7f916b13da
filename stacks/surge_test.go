package stacks

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/internal/testing/awssim"
)

func TestSurge_InstanceIsTheNodesTwin(t *testing.T) {
	w := deploy(t, "prod", map[string]string{"surgeNodes": `["k8s-worker-ai"]`})
	require.Len(t, w.cloud.Machines(), len(topology)+1)
	node, err := w.cloud.Machine("k8s-worker-ai")
	require.NoError(t, err)
	twin, err := w.cloud.Machine(SurgeName("k8s-worker-ai"))
	require.NoError(t, err)
	assert.Equal(t, node.InstanceType, twin.InstanceType)
	assert.Equal(t, node.SubnetID, twin.SubnetID)
	assert.Equal(t, node.SecurityGroupIDs, twin.SecurityGroupIDs)
	assert.NotEqual(t, node.InstanceProfile, twin.InstanceProfile, "each has a role of its own")
	one, err := userdata.ParseNode(node.UserData)
	require.NoError(t, err)
	other, err := userdata.ParseNode(twin.UserData)
	require.NoError(t, err)
	assert.Equal(t, one.Labels, other.Labels, "pods select by them")
	assert.Equal(t, one.Taints, other.Taints)
	assert.Equal(t, SurgeName(one.Name), other.Name)

	machine, _ := w.mocks.Named(instanceType, SurgeName("k8s-worker-ai"))
	assert.False(t, machine.Inputs["disableApiTermination"].BoolValue(), "surge instances are always deletable")
	info := w.outputs[OutputClusterInfo].(map[string]any)
	assert.EqualValues(t, len(topology), info["nodes"], "a surge instance is not part of the design")
	assert.NotContains(t, w.outputs[OutputNodeRoles], SurgeName("k8s-worker-ai"))
}

// A surge instance must not restart anything: the workloads are the same with it.
func TestSurge_ChangesNothingElse(t *testing.T) {
	inputs := func(overrides map[string]string) map[string]any {
		all := map[string]any{}
		for _, r := range deploy(t, "dev", overrides).mocks.All() {
			if r.Custom && r.Type != "pulumi:providers:kubernetes" {
				all[r.URN] = r.Inputs.Mappable()
			}
		}
		return all
	}
	plain, surged := inputs(nil), inputs(map[string]string{"surgeNodes": `["k8s-api-high-traffic"]`})
	for urn, is := range plain {
		require.Contains(t, surged, urn)
		if assert.ObjectsAreEqual(is, surged[urn]) {
			delete(surged, urn)
		}
	}
	for urn := range surged {
		if strings.Contains(urn, "aws:kms/key:Key::") {
			continue // its policy names the roles of the nodes
		}
		assert.Contains(t, urn, SurgeName("k8s-api-high-traffic"), "it is new or changed")
	}
}

func TestSurge_QuotaCoversTheInstance(t *testing.T) {
	_, err := tryDeploy(t, "dev", map[string]string{"surgeNodes": `["k8s-worker-ai"]`}, awssim.Options{Quotas: map[string]float64{vcpuQuota: float64(expectedTotals.VCPU)}})
	assert.ErrorContains(t, err, fmt.Sprintf("the topology with surge instances for k8s-worker-ai needs %d vCPUs but only %d are left", expectedTotals.VCPU+2, expectedTotals.VCPU))
}

func TestUnprotectedNodes_OneInstance(t *testing.T) {
	w := deploy(t, "prod", map[string]string{"unprotectedNodes": `["k8s-redis"]`})
	for _, r := range w.mocks.OfType(instanceType) {
		assert.Equal(t, r.Name != "k8s-redis", r.Inputs["disableApiTermination"].BoolValue(), r.Name)
	}
}
