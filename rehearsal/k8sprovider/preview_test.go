package k8sprovider

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func (h *harness) preview(token, name string, inputs resource.PropertyMap) (resource.PropertyMap, error) {
	h.t.Helper()
	checked, failures := h.check(urn(token, name), nil, inputs)
	require.Empty(h.t, failures)
	properties, err := encode(checked)
	require.NoError(h.t, err)
	response, err := h.instance.Create(h.ctx, &pulumirpc.CreateRequest{Urn: urn(token, name), Properties: properties, Preview: true})
	if err != nil {
		return nil, err
	}
	outputs, err := decode(response.GetProperties())
	require.NoError(h.t, err)
	return outputs, nil
}

func TestPreviewAsksTheServerAndChangesNothing(t *testing.T) {
	h := newHarness(t)
	outputs, err := h.preview(service, "web", h.properties("{apiVersion: v1, kind: Service, metadata: {name: web, namespace: $NS}, spec: {ports: [{port: 80}]}}"))
	require.NoError(t, err)
	assert.Equal(t, "ClusterIP", outputs["spec"].ObjectValue()["type"].StringValue(), "the server's default is known already")
	assert.NotContains(t, outputs, resource.PropertyKey("status"))
	services, err := h.server.client.CoreV1().Services(h.namespace).List(h.ctx, metav1.ListOptions{})
	require.NoError(t, err)
	assert.Empty(t, services.Items)

	_, err = h.preview(service, "web", h.properties("{apiVersion: v1, kind: Service, metadata: {name: web, namespace: $NS}, spec: {ports: [{port: 99999}]}}"))
	assert.ErrorContains(t, err, "spec.ports[0].port", "what the server would refuse is refused in the preview")

	_, err = h.preview(configMap, "early", h.properties("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: not-yet}, data: {a: b}}"))
	assert.NoError(t, err, "the namespace may come with the same update")
}

func TestPreviewWithUnknowns(t *testing.T) {
	h := newHarness(t)
	inputs := h.properties("{apiVersion: v1, kind: Secret, metadata: {namespace: $NS}, stringData: {fixed: x}}")
	inputs["stringData"].ObjectValue()["later"] = resource.MakeComputed(resource.NewProperty(""))
	outputs, err := h.preview(secretType, "db", inputs)
	require.NoError(t, err)
	assert.True(t, outputs["stringData"].IsSecret())
	assert.True(t, outputs["stringData"].SecretValue().Element.ObjectValue()["later"].IsComputed())

	o := h.create(secretType, "db", "{apiVersion: v1, kind: Secret, metadata: {namespace: $NS}, stringData: {fixed: x, later: z}}")
	news, failures := h.check(o.urn, o.inputs, inputs)
	require.Empty(t, failures)
	newStruct, err := encode(news)
	require.NoError(t, err)
	oldStruct, err := encode(o.state)
	require.NoError(t, err)
	diff, err := h.instance.Diff(h.ctx, &pulumirpc.DiffRequest{Urn: o.urn, Id: o.id, Olds: oldStruct, News: newStruct})
	require.NoError(t, err)
	assert.Equal(t, []string{"data.later"}, diff.GetReplaces(), "an unknown value may change")
}

func TestCheckRefuses(t *testing.T) {
	h := newHarness(t)
	for name, test := range map[string]struct{ token, text, reason string }{
		"a misspelt property": {deployment, "{apiVersion: apps/v1, kind: Deployment, metadata: {namespace: $NS}, spec: {replica: 1}}", `unknown field "spec.replica"`},
		"a wrong type":        {deployment, "{apiVersion: apps/v1, kind: Deployment, metadata: {namespace: $NS}, spec: {replicas: many}}", "spec.replicas of type int32"},
		"a generated name":    {configMap, "{apiVersion: v1, kind: ConfigMap, metadata: {generateName: x-}}", "metadata.generateName"},
		"a list":              {"kubernetes:core/v1:ConfigMapList", "{apiVersion: v1, kind: ConfigMapList, items: []}", "list kinds cannot be created"},
		"waitFor":             {configMap, "{apiVersion: v1, kind: ConfigMap, metadata: {annotations: {pulumi.com/waitFor: x}}}", "pulumi.com/waitFor is not in this stand-in"},
		"a nameless patch":    {"kubernetes:core/v1:NodePatch", "{apiVersion: v1, kind: Node, metadata: {labels: {a: b}}}", "needs the metadata.name"},
		"another kind":        {configMap, "{apiVersion: v1, kind: Secret, metadata: {name: x}}", "the resource's type says"},
		"no kind at all":      {"kubernetes:yaml:ConfigFile", "{file: x.yaml}", "is no kind of Kubernetes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, failures := h.check(urn(test.token, "x"), nil, h.properties(test.text))
			require.Len(t, failures, 1)
			assert.Contains(t, failures[0], test.reason)
		})
	}
}

func TestHelmIsNeverPretended(t *testing.T) {
	h := newHarness(t)
	text := "{chart: argo-cd, version: 10.1.1, namespace: argocd}"
	o := h.create(helmRelease, "argocd", text)
	assert.Equal(t, "not installed here", o.state["status"].ObjectValue()["status"].StringValue())
	assert.Equal(t, []NotInstalled{{Name: "argocd", Chart: "argo-cd", Version: "10.1.1", Reason: noHelm}}, h.provider.NotInstalled())
	assert.NoError(t, h.delete(o))
}

func TestUnreachable(t *testing.T) {
	p := New(0)
	i := p.instance(t.Context()).(*instance)
	_, err := i.Configure(t.Context(), &pulumirpc.ConfigureRequest{Variables: map[string]string{"kubernetes:config:kubeconfig": "{not: [yaml"}})
	require.NoError(t, err, "a preview may go on without a cluster")
	_, err = i.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn(configMap, "x")})
	assert.ErrorContains(t, err, "configured Kubernetes cluster is unreachable: parse the kubeconfig")
	_, err = i.Delete(t.Context(), &pulumirpc.DeleteRequest{Urn: urn(configMap, "x")})
	assert.ErrorContains(t, err, "PULUMI_K8S_DELETE_UNREACHABLE")
	i.settings.deleteUnreachable = true
	_, err = i.Delete(t.Context(), &pulumirpc.DeleteRequest{Urn: urn(configMap, "x")})
	assert.NoError(t, err)
	_, err = i.Configure(t.Context(), &pulumirpc.ConfigureRequest{})
	require.NoError(t, err)
	assert.ErrorContains(t, i.unreachable, "no kubeconfig", "the machine's own kubeconfig is never used")
}
