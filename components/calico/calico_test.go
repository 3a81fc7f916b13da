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

const (
	kindRelease      = "kubernetes:helm.sh/v3:Release"
	kindInstallation = "kubernetes:operator.tigera.io/v1:Installation"
	kindImageSet     = "kubernetes:operator.tigera.io/v1:ImageSet"
)

func deploy(args *CalicoArgs) (*recorder.Recorder, error) {
	return recorder.Run(func(ctx *pulumi.Context) error {
		_, err := NewCalico(ctx, "net", args)
		return err
	})
}

// registered returns the values of the operator's release and the spec of the Installation, decoded strictly: values.go names
// every key.
func registered(t *testing.T, args *CalicoArgs) (chartValues, installation) {
	t.Helper()
	r, err := deploy(args)
	require.NoError(t, err)
	decode := func(from any, into any) {
		text, err := json.Marshal(from)
		require.NoError(t, err)
		decoder := json.NewDecoder(strings.NewReader(string(text)))
		decoder.DisallowUnknownFields()
		require.NoError(t, decoder.Decode(into))
	}
	var values chartValues
	decode(r.One(t, kindRelease, "net-operator").Value("values"), &values)
	var spec installation
	decode(r.One(t, kindInstallation, "net-installation").Value("spec"), &spec)
	return values, spec
}

func TestNewCalico_OperatorBeforeInstallation(t *testing.T) {
	r, err := deploy(&CalicoArgs{PodCIDR: "192.168.0.0/16"})
	require.NoError(t, err)
	require.Len(t, r.All(), 3, "the component, the release and the Installation")
	r.RequireDescend(t, calicoType)
	release := r.One(t, kindRelease, "net-operator")
	inputs := release.Inputs.Mappable()
	assert.Equal(t, "tigera-operator", inputs["chart"])
	assert.Equal(t, DefaultChartVersion, inputs["version"])
	assert.Equal(t, map[string]any{"repo": "https://docs.tigera.io/calico/charts"}, inputs["repositoryOpts"])
	assert.Equal(t, "tigera-operator", inputs["namespace"])
	installation := r.One(t, kindInstallation, "net-installation")
	assert.Equal(t, map[string]any{"name": "default"}, installation.Value("metadata"))
	assert.Contains(t, strings.Join(installation.Dependencies, " "), "net-operator")
	for _, resource := range []recorder.Registration{release, installation} {
		assert.True(t, resource.RetainOnDelete, "%s: uninstalling the network would block a destroy", resource.Name)
	}
}

// digests returns one for each image.
func digests() map[string]string {
	all := map[string]string{}
	for _, image := range Images("") {
		all[image] = "sha256:" + strings.Repeat("a1", 32)
	}
	return all
}

// The operator must find the digests before it makes the first workload, and none of another version afterwards.
func TestNewCalico_ImageSet(t *testing.T) {
	r, err := deploy(&CalicoArgs{PodCIDR: "192.168.0.0/16", Digests: digests(), OperatorTag: "v1.42.9@sha256:b2"})
	require.NoError(t, err)
	set := r.One(t, kindImageSet, "net-images")
	assert.Equal(t, map[string]any{"name": "calico-" + DefaultChartVersion}, set.Value("metadata"))
	var images []any
	for _, part := range []string{"cni", "node", "csi", "kube-controllers", "node-driver-registrar", "pod2daemon-flexvol", "typha"} {
		images = append(images, map[string]any{"image": "calico/" + part, "digest": "sha256:" + strings.Repeat("a1", 32)})
	}
	assert.Equal(t, images, set.Value("spec.images"))
	assert.Contains(t, strings.Join(set.Dependencies, " "), "net-operator", "it defines the kind")
	assert.Contains(t, strings.Join(r.One(t, kindInstallation, "net-installation").Dependencies, " "), "net-images")
	assert.False(t, set.RetainOnDelete, "the operator of another version would refuse to work")
	assert.Equal(t, map[string]any{"version": "v1.42.9@sha256:b2"}, r.One(t, kindRelease, "net-operator").Value("values.tigeraOperator"))
}

// The operator of this minor version resolves these images for the Installation (core_controller.go and the ResolveImages of its
// components, read at v1.42.4). Compare them before another minor.
func TestImages_OfTheMinorVersion(t *testing.T) {
	assert.True(t, strings.HasPrefix(DefaultChartVersion, "v3.32."))
	assert.Len(t, Images(""), 7)
	assert.Contains(t, Images("v3.32.9"), "quay.io/calico/typha:v3.32.9")
}

// A chart with the Installation fails where its kind is not defined yet, and a chart with all definitions does not fit in the
// record of a release.
func TestValues_OperatorDefinesKinds(t *testing.T) {
	values, _ := registered(t, &CalicoArgs{PodCIDR: "10.244.0.0/16"})
	assert.True(t, values.ManageCRDs)
	assert.False(t, values.Installation.Enabled)
}

func TestValues_VXLANWithoutBGP(t *testing.T) {
	_, spec := registered(t, &CalicoArgs{PodCIDR: "10.244.0.0/16", NodeMTU: 1500})
	network := spec.Network
	assert.Equal(t, "Disabled", network.BGP)
	assert.Equal(t, 1450, network.MTU)
	require.Len(t, network.IPPools, 1)
	assert.Equal(t, ipPool{CIDR: "10.244.0.0/16", Encapsulation: "VXLAN", NATOutgoing: "Enabled", NodeSelector: "all()", BlockSize: 26}, network.IPPools[0])
	_, spec = registered(t, &CalicoArgs{PodCIDR: "10.244.0.0/16"})
	assert.Equal(t, 8951, spec.Network.MTU)
}

// Where a node is not ready until the operator has run, the operator has to run on a node that is not ready.
func TestValues_OperatorToleratesEveryTaint(t *testing.T) {
	values, _ := registered(t, &CalicoArgs{PodCIDR: "10.244.0.0/16"})
	for _, taint := range []corev1.Taint{
		{Key: corev1.TaintNodeNotReady, Effect: corev1.TaintEffectNoSchedule},
		{Key: corev1.TaintNodeNotReady, Effect: corev1.TaintEffectNoExecute},
		{Key: corev1.TaintNodeNetworkUnavailable, Effect: corev1.TaintEffectNoSchedule},
		{Key: "node-role.kubernetes.io/control-plane", Effect: corev1.TaintEffectNoSchedule},
		{Key: "of-some-store", Value: "yes", Effect: corev1.TaintEffectNoSchedule},
	} {
		tolerated := false
		for _, toleration := range values.Tolerations {
			everything := toleration.Key == "" && toleration.Operator == corev1.TolerationOpExists && toleration.TolerationSeconds == nil
			tolerated = tolerated || (everything && toleration.Effect == taint.Effect)
		}
		assert.True(t, tolerated, "%s:%s", taint.Key, taint.Effect)
	}
}

func TestValues_NodeRequests(t *testing.T) {
	values, spec := registered(t, &CalicoArgs{PodCIDR: "10.244.0.0/16"})
	for name, workload := range map[string]workload{
		"calico-node": spec.Node, "calico-typha": spec.Typha, "calico-kube-controllers": spec.Kube,
	} {
		containers := workload.Spec.Template.Spec.Containers
		require.Len(t, containers, 1)
		assert.Equal(t, name, containers[0].Name, "the operator knows its containers by name")
		request, limit := containers[0].Resources.Requests[corev1.ResourceMemory], containers[0].Resources.Limits[corev1.ResourceMemory]
		assert.True(t, request.Sign() > 0 && request.Cmp(limit) <= 0, name)
		assert.NotContains(t, containers[0].Resources.Limits, corev1.ResourceCPU, name)
	}
	requests := NodeRequests()
	assert.Equal(t, requests.Memory().String(), spec.Node.Spec.Template.Spec.Containers[0].Resources.Requests.Memory().String())
	assert.Equal(t, "None", spec.PluginPath, "a CSI driver on every node")
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
	some := digests()
	delete(some, "quay.io/calico/typha:"+DefaultChartVersion)
	some["quay.io/calico/csi:"+DefaultChartVersion] = "sha256:a1"
	some["redis:7.2.16"] = "sha256:" + strings.Repeat("a1", 32)
	_, err := deploy(&CalicoArgs{PodCIDR: "10.244.0.0/16", Digests: some})
	for _, part := range []string{
		"Digests[quay.io/calico/typha:" + DefaultChartVersion + "]: not set, must", "Digests[quay.io/calico/csi:" + DefaultChartVersion + `]: "sha256:a1" must be sha256:`,
		`Digests: "redis:7.2.16" must be one of quay.io/calico/cni:`,
	} {
		require.ErrorContains(t, err, part)
	}
	_, err = deploy(nil)
	assert.ErrorContains(t, err, `PodCIDR: ""`)
	_, err = deploy(&CalicoArgs{PodCIDR: "x", NodeMTU: 1})
	assert.ErrorContains(t, err, "NodeMTU: 1 must be")
}
