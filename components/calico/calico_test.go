package calico

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/growbin/cluster/internal/testing/recorder"
)

const kindRelease = "kubernetes:helm.sh/v3:Release"

func deploy(args *CalicoArgs) (*recorder.Recorder, error) {
	return recorder.Run(func(ctx *pulumi.Context) error {
		_, err := NewCalico(ctx, "net", args)
		return err
	})
}

// operatorValues returns the values of the operator's release, decoded strictly: values.go names every key.
func operatorValues(t *testing.T, args *CalicoArgs) chartValues {
	t.Helper()
	r, err := deploy(args)
	require.NoError(t, err)
	text, err := json.Marshal(r.One(t, kindRelease, "net-operator").Value("values"))
	require.NoError(t, err)
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.DisallowUnknownFields()
	var values chartValues
	require.NoError(t, decoder.Decode(&values))
	return values
}

func TestNewCalico_DefinitionsBeforeOperator(t *testing.T) {
	r, err := deploy(&CalicoArgs{PodCIDR: "192.168.0.0/16"})
	require.NoError(t, err)
	require.Len(t, r.All(), 3, "the component and two releases")
	r.RequireDescend(t, calicoType)
	for name, chart := range map[string]string{"net-crds": "crd.projectcalico.org.v1", "net-operator": "tigera-operator"} {
		release := r.One(t, kindRelease, name)
		inputs := release.Inputs.Mappable()
		assert.Equal(t, chart, inputs["chart"])
		assert.Equal(t, DefaultChartVersion, inputs["version"])
		assert.Equal(t, map[string]any{"repo": "https://docs.tigera.io/calico/charts"}, inputs["repositoryOpts"])
		assert.Equal(t, "tigera-operator", inputs["namespace"])
		assert.True(t, release.RetainOnDelete, "%s: uninstalling the network would block a destroy", name)
	}
	assert.Contains(t, strings.Join(r.One(t, kindRelease, "net-operator").Dependencies, " "), "net-crds")
}

func TestValues_VXLANWithoutBGP(t *testing.T) {
	network := operatorValues(t, &CalicoArgs{PodCIDR: "10.244.0.0/16", NodeMTU: 1500}).Installation.Network
	assert.Equal(t, "Disabled", network.BGP)
	assert.Equal(t, 1450, network.MTU)
	require.Len(t, network.IPPools, 1)
	assert.Equal(t, ipPool{CIDR: "10.244.0.0/16", Encapsulation: "VXLAN", NATOutgoing: "Enabled", NodeSelector: "all()", BlockSize: 26}, network.IPPools[0])
	assert.Equal(t, 8951, operatorValues(t, &CalicoArgs{PodCIDR: "10.244.0.0/16"}).Installation.Network.MTU)
}

// Where a node is not ready until the operator has run, the operator has to run on a node that is not ready.
func TestValues_OperatorToleratesEveryTaint(t *testing.T) {
	tolerations := operatorValues(t, &CalicoArgs{PodCIDR: "10.244.0.0/16"}).Tolerations
	for _, taint := range []corev1.Taint{
		{Key: corev1.TaintNodeNotReady, Effect: corev1.TaintEffectNoSchedule},
		{Key: corev1.TaintNodeNotReady, Effect: corev1.TaintEffectNoExecute},
		{Key: corev1.TaintNodeNetworkUnavailable, Effect: corev1.TaintEffectNoSchedule},
		{Key: "node-role.kubernetes.io/control-plane", Effect: corev1.TaintEffectNoSchedule},
		{Key: "of-some-store", Value: "yes", Effect: corev1.TaintEffectNoSchedule},
	} {
		tolerated := false
		for _, toleration := range tolerations {
			everything := toleration.Key == "" && toleration.Operator == corev1.TolerationOpExists && toleration.TolerationSeconds == nil
			tolerated = tolerated || (everything && toleration.Effect == taint.Effect)
		}
		assert.True(t, tolerated, "%s:%s", taint.Key, taint.Effect)
	}
}

func TestValues_NodeRequests(t *testing.T) {
	values := operatorValues(t, &CalicoArgs{PodCIDR: "10.244.0.0/16"})
	for name, workload := range map[string]workload{
		"calico-node": values.Installation.Node, "calico-typha": values.Installation.Typha, "calico-kube-controllers": values.Installation.Kube,
	} {
		containers := workload.Spec.Template.Spec.Containers
		require.Len(t, containers, 1)
		assert.Equal(t, name, containers[0].Name, "the operator knows its containers by name")
		request, limit := containers[0].Resources.Requests[corev1.ResourceMemory], containers[0].Resources.Limits[corev1.ResourceMemory]
		assert.True(t, request.Sign() > 0 && request.Cmp(limit) <= 0, name)
		assert.NotContains(t, containers[0].Resources.Limits, corev1.ResourceCPU, name)
	}
	requests := NodeRequests()
	assert.Equal(t, requests.Memory().String(), values.Installation.Node.Spec.Template.Spec.Containers[0].Resources.Requests.Memory().String())
	assert.Equal(t, "None", values.Installation.PluginPath, "a CSI driver on every node")
	assert.False(t, values.APIServer.Enabled || values.Goldmane.Enabled || values.Whisker.Enabled)
}

func TestNewCalico_InvalidArgs(t *testing.T) {
	for want, args := range map[string]*CalicoArgs{
		`PodCIDR: "" must be an IPv4 range`:        {},
		`PodCIDR: "10.244.1.0/16" must be written`: {PodCIDR: "10.244.1.0/16"},
		`PodCIDR: "fd00::/48"`:                     {PodCIDR: "fd00::/48"},
		`PodCIDR: "10.244.0.0/24" must be a /22`:   {PodCIDR: "10.244.0.0/24"},
		"NodeMTU: 9500 must be 1280 to 9001":       {PodCIDR: "10.244.0.0/16", NodeMTU: 9500},
		"PodCIDR: \"x\" must be an IPv4 range":     {PodCIDR: "x", NodeMTU: 1},
	} {
		r, err := deploy(args)
		require.ErrorContains(t, err, "calico net: ")
		require.ErrorContains(t, err, want)
		assert.Empty(t, r.All())
	}
	_, err := deploy(nil)
	assert.ErrorContains(t, err, `PodCIDR: ""`)
	_, err = deploy(&CalicoArgs{PodCIDR: "x", NodeMTU: 1})
	assert.ErrorContains(t, err, "NodeMTU: 1 must be")
}
