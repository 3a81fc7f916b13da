package k8sprovider

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	configMap  = "kubernetes:core/v1:ConfigMap"
	deployment = "kubernetes:apps/v1:Deployment"
	secretType = "kubernetes:core/v1:Secret"
	service    = "kubernetes:core/v1:Service"
)

const web = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: $NS, labels: {app.kubernetes.io/name: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      nodeSelector: {kubernetes.io/hostname: node-2}
      containers:
      - name: web
        image: web:1
        ports: [{containerPort: 8000}]
        env: [{name: A, value: a}]
        resources: {requests: {cpu: "0.1", memory: 1024Mi}, limits: {cpu: 1000m}}
`

func TestDeploymentFromCreateToDelete(t *testing.T) {
	h := newHarness(t)
	o := h.create(deployment, "web", web)
	assert.Equal(t, h.namespace+"/web", o.id)
	assert.Equal(t, 2.0, o.state["status"].ObjectValue()["availableReplicas"].NumberValue(), "Create returned before the pods were available")
	assert.NotContains(t, o.state["metadata"].ObjectValue(), resource.PropertyKey("managedFields"))

	// The server writes 100m, 1Gi and 1 where the program wrote 0.1, 1024Mi and 1000m, and adds two dozen defaults.
	none := h.diff(o, web)
	assert.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, none.GetChanges(), "%v", none.GetDetailedDiff())

	three := strings.Replace(web, "replicas: 2", "replicas: 3", 1)
	assert.Equal(t, []string{"spec.replicas"}, keys(h.diff(o, three).GetDetailedDiff()))
	require.NoError(t, h.update(o, three))
	assert.Equal(t, 3.0, o.state["status"].ObjectValue()["availableReplicas"].NumberValue())

	without := strings.Replace(three, "        env: [{name: A, value: a}]\n", "", 1)
	require.NoError(t, h.update(o, without))
	live, err := h.server.client.AppsV1().Deployments(h.namespace).Get(h.ctx, "web", metav1.GetOptions{})
	require.NoError(t, err)
	assert.Empty(t, live.Spec.Template.Spec.Containers[0].Env, "what left the program must leave the object")

	require.NoError(t, h.delete(o))
	pods, err := h.server.client.CoreV1().Pods(h.namespace).List(h.ctx, metav1.ListOptions{})
	require.NoError(t, err)
	assert.Empty(t, pods.Items, "Delete returned before the pods were gone")
	assert.NoError(t, h.delete(o), "deleting what is gone is no error")
}

func keys[V any](m map[string]V) (list []string) {
	for key := range m {
		list = append(list, key)
	}
	return list
}

func TestTimeoutNamesPodsAndReasons(t *testing.T) {
	h := newHarness(t)
	lost := strings.NewReplacer("node-2", "node-9", "metadata: {name: web,", `metadata: {name: web, annotations: {pulumi.com/timeoutSeconds: "3"},`).Replace(web)
	o, err := h.tryCreate(deployment, "web", lost)
	require.Error(t, err)
	for _, part := range []string{"timed out after 3s", "0/2 replicas available", "web-", "0/2 nodes are available", "didn't match Pod's node affinity/selector"} {
		assert.ErrorContains(t, err, part)
	}
	// The engine must learn that the object exists all the same.
	rpc := rpcerror.Convert(err)
	require.Len(t, rpc.Details(), 1)
	detail := rpc.Details()[0].(*pulumirpc.ErrorResourceInitFailed)
	assert.Equal(t, h.namespace+"/web", detail.GetId())
	state, err := decode(detail.GetProperties())
	require.NoError(t, err)
	o.state, o.id = state, detail.GetId()
	require.NoError(t, h.delete(o))

	skipped := h.create(deployment, "web", strings.Replace(lost, "pulumi.com/timeoutSeconds: \"3\"", `pulumi.com/skipAwait: "true"`, 1))
	assert.Equal(t, h.namespace+"/web", skipped.id)
}

func TestPatienceBoundsEveryWait(t *testing.T) {
	h := newHarness(t)
	h.provider.patience = 2 * time.Second
	_, err := h.tryCreate(deployment, "web", strings.Replace(web, "node-2", "node-9", 1))
	assert.ErrorContains(t, err, "timed out after 2s")
}

func TestCreateTakesNothingOver(t *testing.T) {
	h := newHarness(t)
	text := "{apiVersion: v1, kind: ConfigMap, metadata: {name: one, namespace: $NS}, data: {a: b}}"
	h.create(configMap, "one", text)
	_, err := h.tryCreate(configMap, "other", text)
	require.Error(t, err)
	assert.ErrorContains(t, err, `configmaps "one" already exists`)

	upsert := configure(t, "upsertExistingObjects", "true")
	upsert.namespace = h.namespace
	upsert.create(configMap, "other", strings.Replace(text, "{a: b}", "{c: d}", 1))
}

func TestNamesAndReplacement(t *testing.T) {
	h := newHarness(t)
	text := "{apiVersion: v1, kind: ConfigMap, metadata: {namespace: $NS}, data: {a: b}}"
	o := h.create(configMap, "Settings", text)
	assert.Regexp(t, `^settings-[0-9a-f]{8}$`, o.state["metadata"].ObjectValue()["name"].StringValue())
	assert.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, h.diff(o, text).GetChanges(), "the generated name is kept")

	changed := h.diff(o, strings.Replace(text, "a: b", "a: c", 1))
	assert.Equal(t, []string{"data.a"}, changed.GetReplaces())
	assert.False(t, changed.GetDeleteBeforeReplace(), "a new name lets the new one be created first")

	named := h.create(configMap, "named", strings.Replace(text, "namespace: $NS", "namespace: $NS, name: named", 1))
	changed = h.diff(named, strings.NewReplacer("namespace: $NS", "namespace: $NS, name: named", "a: b", "a: c").Replace(text))
	assert.True(t, changed.GetDeleteBeforeReplace(), "the name is taken until the old one is gone")

	mutable := configure(t, "enableConfigMapMutable", "true")
	mutable.namespace = h.namespace
	assert.Empty(t, mutable.diff(o, strings.Replace(text, "a: b", "a: c", 1)).GetReplaces())
}

func TestSecretStaysSecret(t *testing.T) {
	h := newHarness(t)
	text := "{apiVersion: v1, kind: Secret, metadata: {name: db, namespace: $NS}, stringData: {password: hunter2}}"
	o := h.create(secretType, "db", text)
	assert.True(t, o.state["data"].IsSecret())
	assert.True(t, o.state["__inputs"].ObjectValue()["stringData"].IsSecret())
	assert.True(t, o.inputs["stringData"].IsSecret(), "also when the program did not mark it")
	live, err := h.server.client.CoreV1().Secrets(h.namespace).Get(h.ctx, "db", metav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, "hunter2", string(live.Data["password"]))

	assert.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, h.diff(o, text).GetChanges())
	require.True(t, h.refresh(o))
	assert.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, h.diff(o, text).GetChanges(), "nor after a refresh")
	assert.NotEmpty(t, h.diff(o, strings.Replace(text, "hunter2", "hunter3", 1)).GetReplaces())
}

func TestRefreshSeesDrift(t *testing.T) {
	h := newHarness(t)
	o := h.create(deployment, "web", web)
	_, err := h.server.client.AppsV1().Deployments(h.namespace).Patch(h.ctx, "web", types.MergePatchType,
		[]byte(`{"spec":{"replicas":1},"metadata":{"labels":{"theirs":"x"}}}`), metav1.PatchOptions{FieldManager: "kubectl"})
	require.NoError(t, err)
	require.True(t, h.refresh(o))
	assert.Equal(t, []string{"spec.replicas"}, keys(h.diff(o, web).GetDetailedDiff()), "a label of others is no drift")
	assert.ErrorContains(t, h.update(o, web), forceAnnotation, "a field that somebody else took is not taken back in silence")

	require.NoError(t, h.server.client.AppsV1().Deployments(h.namespace).Delete(h.ctx, "web", metav1.DeleteOptions{}))
	require.Eventually(t, func() bool {
		_, err := h.server.client.AppsV1().Deployments(h.namespace).Get(h.ctx, "web", metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	}, 20*time.Second, 50*time.Millisecond)
	assert.False(t, h.refresh(&object{urn: o.urn, id: o.id, inputs: o.inputs, state: o.state}), "what is gone leaves the state")
}

func TestImportTakesEverythingAProgramCouldSay(t *testing.T) {
	h := newHarness(t)
	h.create(configMap, "one", "{apiVersion: v1, kind: ConfigMap, metadata: {name: one, namespace: $NS, labels: {x: z}}, data: {a: b}}")
	o := &object{urn: urn(configMap, "imported"), id: h.namespace + "/one", inputs: resource.PropertyMap{}, state: resource.PropertyMap{}}
	require.True(t, h.refresh(o))
	assert.Equal(t, resource.NewPropertyMapFromMap(map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"a": "b"},
		"metadata": map[string]any{"name": "one", "namespace": h.namespace, "labels": map[string]any{"x": "z"}},
	}), o.inputs)
}

func TestPatchOwnsItsFieldsOnly(t *testing.T) {
	h := newHarness(t)
	node := func() *corev1.Node {
		n, err := h.server.client.CoreV1().Nodes().Get(h.ctx, "node-1", metav1.GetOptions{})
		require.NoError(t, err)
		return n
	}
	text := "{apiVersion: v1, kind: Node, metadata: {name: node-1, labels: {node-role.kubernetes.io/test: ''}}}"
	o := h.create("kubernetes:core/v1:NodePatch", "role", text)
	assert.Contains(t, node().Labels, "node-role.kubernetes.io/test")
	assert.Contains(t, node().Labels, "kubernetes.io/hostname")
	assert.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, h.diff(o, text).GetChanges())
	assert.Empty(t, h.diff(o, strings.Replace(text, "test", "other", 1)).GetReplaces(), "only another object replaces a patch")
	assert.NotEmpty(t, h.diff(o, strings.Replace(text, "node-1", "node-2", 1)).GetReplaces())

	require.NoError(t, h.delete(o))
	assert.NotContains(t, node().Labels, "node-role.kubernetes.io/test")
	assert.Contains(t, node().Labels, "kubernetes.io/hostname")
}

func TestPatchNeedsItsObject(t *testing.T) {
	h := newHarness(t)
	ctx, cancel := context.WithTimeout(h.ctx, 3*time.Second)
	defer cancel()
	h.ctx = ctx
	_, err := h.tryCreate("kubernetes:core/v1:NodePatch", "role", "{apiVersion: v1, kind: Node, metadata: {name: node-9, labels: {a: b}}}")
	assert.Error(t, err)
	_, err = h.server.client.CoreV1().Nodes().Get(context.Background(), "node-9", metav1.GetOptions{})
	assert.True(t, apierrors.IsNotFound(err), "a patch must not create its object")
}

func TestNamespaceIsGoneWhenDeleteReturns(t *testing.T) {
	h := newHarness(t)
	o := h.create("kubernetes:core/v1:Namespace", "inner", "{apiVersion: v1, kind: Namespace, metadata: {name: $NS-inner}}")
	h.create(configMap, "in", "{apiVersion: v1, kind: ConfigMap, metadata: {name: in, namespace: $NS-inner}, data: {a: b}}")
	require.NoError(t, h.delete(o))
	_, err := h.server.client.CoreV1().Namespaces().Get(h.ctx, h.namespace+"-inner", metav1.GetOptions{})
	assert.True(t, apierrors.IsNotFound(err))
}
