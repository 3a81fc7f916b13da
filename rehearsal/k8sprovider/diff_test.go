package k8sprovider

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

func parse(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	object := map[string]any{}
	require.NoError(t, yaml.Unmarshal([]byte(text), &object))
	plain, err := toObject(resource.NewPropertyMapFromMap(object))
	require.NoError(t, err)
	return &unstructured.Unstructured{Object: plain}
}

func TestWhatReplaces(t *testing.T) {
	for name, test := range map[string]struct {
		was, is string
		want    map[string]pulumirpc.PropertyDiff_Kind
	}{
		"replicas": {
			"{apiVersion: apps/v1, kind: Deployment, spec: {replicas: 1}}", "{apiVersion: apps/v1, kind: Deployment, spec: {replicas: 2}}",
			map[string]pulumirpc.PropertyDiff_Kind{"spec.replicas": pulumirpc.PropertyDiff_UPDATE},
		},
		"selector": {
			"{apiVersion: apps/v1, kind: Deployment, spec: {selector: {matchLabels: {app: a}}}}", "{apiVersion: apps/v1, kind: Deployment, spec: {selector: {matchLabels: {app: b}}}}",
			map[string]pulumirpc.PropertyDiff_Kind{"spec.selector.matchLabels.app": pulumirpc.PropertyDiff_UPDATE_REPLACE},
		},
		"name": {
			"{apiVersion: v1, kind: Service, metadata: {name: a}}", "{apiVersion: v1, kind: Service, metadata: {name: b}}",
			map[string]pulumirpc.PropertyDiff_Kind{"metadata.name": pulumirpc.PropertyDiff_UPDATE_REPLACE},
		},
		"a label, added": {
			"{apiVersion: v1, kind: Service, metadata: {name: a}}", "{apiVersion: v1, kind: Service, metadata: {name: a, labels: {app.kubernetes.io/name: x}}}",
			map[string]pulumirpc.PropertyDiff_Kind{`metadata.labels`: pulumirpc.PropertyDiff_ADD},
		},
		"a label, taken": {
			"{apiVersion: v1, kind: Service, metadata: {labels: {app.kubernetes.io/name: x, b: c}}}", "{apiVersion: v1, kind: Service, metadata: {labels: {b: c}}}",
			map[string]pulumirpc.PropertyDiff_Kind{`metadata.labels["app.kubernetes.io/name"]`: pulumirpc.PropertyDiff_DELETE},
		},
		"claim size": {
			"{apiVersion: v1, kind: PersistentVolumeClaim, spec: {resources: {requests: {storage: 1Gi}}}}", "{apiVersion: v1, kind: PersistentVolumeClaim, spec: {resources: {requests: {storage: 2Gi}}}}",
			map[string]pulumirpc.PropertyDiff_Kind{"spec.resources.requests.storage": pulumirpc.PropertyDiff_UPDATE},
		},
		"claim class": {
			"{apiVersion: v1, kind: PersistentVolumeClaim, spec: {storageClassName: a}}", "{apiVersion: v1, kind: PersistentVolumeClaim, spec: {storageClassName: b}}",
			map[string]pulumirpc.PropertyDiff_Kind{"spec.storageClassName": pulumirpc.PropertyDiff_UPDATE_REPLACE},
		},
		"volume source": {
			"{apiVersion: v1, kind: PersistentVolume, spec: {local: {path: /a}}}", "{apiVersion: v1, kind: PersistentVolume, spec: {local: {path: /b}}}",
			map[string]pulumirpc.PropertyDiff_Kind{"spec.local.path": pulumirpc.PropertyDiff_UPDATE_REPLACE},
		},
		"pod image, inside a list": {
			"{apiVersion: v1, kind: Pod, spec: {containers: [{name: a, image: a}]}}", "{apiVersion: v1, kind: Pod, spec: {containers: [{name: a, image: b}]}}",
			map[string]pulumirpc.PropertyDiff_Kind{"spec.containers[0].image": pulumirpc.PropertyDiff_UPDATE_REPLACE},
		},
		"deployment image": {
			"{apiVersion: apps/v1, kind: Deployment, spec: {template: {spec: {containers: [{image: a}]}}}}", "{apiVersion: apps/v1, kind: Deployment, spec: {template: {spec: {containers: [{image: b}, {image: c}]}}}}",
			map[string]pulumirpc.PropertyDiff_Kind{"spec.template.spec.containers[0].image": pulumirpc.PropertyDiff_UPDATE, "spec.template.spec.containers[1]": pulumirpc.PropertyDiff_ADD},
		},
		"job template": {
			"{apiVersion: batch/v1, kind: Job, spec: {backoffLimit: 1}}", "{apiVersion: batch/v1, kind: Job, spec: {backoffLimit: 1, template: {spec: {restartPolicy: Never}}}}",
			map[string]pulumirpc.PropertyDiff_Kind{"spec.template": pulumirpc.PropertyDiff_ADD_REPLACE},
		},
		"a whole spec that holds a selector": {
			"{apiVersion: apps/v1, kind: DaemonSet, spec: {selector: {matchLabels: {a: b}}}}", "{apiVersion: apps/v1, kind: DaemonSet}",
			map[string]pulumirpc.PropertyDiff_Kind{"spec": pulumirpc.PropertyDiff_DELETE_REPLACE},
		},
		"role of a binding": {
			"{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, roleRef: {name: a}}", "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, roleRef: {name: b}}",
			map[string]pulumirpc.PropertyDiff_Kind{"roleRef.name": pulumirpc.PropertyDiff_UPDATE_REPLACE},
		},
		"an immutable map": {
			"{apiVersion: v1, kind: ConfigMap, immutable: true, data: {a: b}}", "{apiVersion: v1, kind: ConfigMap, immutable: true, data: {a: c}}",
			map[string]pulumirpc.PropertyDiff_Kind{"data.a": pulumirpc.PropertyDiff_UPDATE_REPLACE},
		},
		"whole and broken numbers": {
			"{apiVersion: v1, kind: ConfigMap, x: 1}", "{apiVersion: v1, kind: ConfigMap, x: 1.0}", map[string]pulumirpc.PropertyDiff_Kind{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			was, is := parse(t, test.was), parse(t, test.is)
			// Mutable, so that the case of the immutable map is decided by the object.
			d := &difference{fields: replacingFields(is, &settings{mutableConfigMaps: true}), details: map[string]*pulumirpc.PropertyDiff{}}
			d.maps(nil, nil, was.Object, is.Object)
			got := map[string]pulumirpc.PropertyDiff_Kind{}
			for path, detail := range d.details {
				got[path] = detail.GetKind()
			}
			assert.Equal(t, test.want, got)
		})
	}
}

func TestIgnoredChanges(t *testing.T) {
	d := &difference{details: map[string]*pulumirpc.PropertyDiff{`metadata.labels["a.b/c"]`: {}, "spec.replicas": {}, "spec.template.x": {}}}
	d.ignore([]string{"spec.replicas", "metadata.labels"})
	assert.Equal(t, []string{"spec.template.x"}, keys(d.details))
}

func TestPruneFollowsTheProgramsShape(t *testing.T) {
	live := parse(t, `
metadata: {uid: x, labels: {mine: a, theirs: b}}
spec:
  containers: [{name: injected, image: i}, {name: web, image: w, terminationMessagePath: /dev/termination-log}]
  args: [a, b]
`)
	shape := parse(t, "{metadata: {labels: {mine: a}}, spec: {containers: [{name: web, image: w}], args: [a]}}")
	assert.Equal(t, parse(t, "{metadata: {labels: {mine: a}}, spec: {containers: [{name: web, image: w}], args: [a, b]}}").Object,
		prune(live.Object, shape.Object), "items are paired by their name; a plain list belongs to one manager as a whole")
}

const (
	one = "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: x, user: u}}]\nclusters: [{name: x, cluster: {server: 'https://10.0.0.1:6443'}}]\nusers: [{name: u, user: {token: a}}]\n"
	two = "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: x, user: u}}]\nclusters: [{name: x, cluster: {server: 'https://10.0.0.2:6443'}}]\nusers: [{name: u, user: {token: a}}]\n"
	own = "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: x, user: u}}]\nclusters: [{name: x, cluster: {server: 'https://10.0.0.1:6443'}}]\nusers: [{name: u, user: {token: b}}]\n"
)

func TestWhenTheProviderIsReplaced(t *testing.T) {
	unknownConfig := resource.MakeComputed(resource.NewProperty(""))
	text := func(s string) resource.PropertyValue { return resource.NewProperty(s) }
	for name, test := range map[string]struct {
		olds, news        resource.PropertyMap
		changed, replaces []string
	}{
		"nothing":                        {resource.PropertyMap{"kubeconfig": text(one)}, resource.PropertyMap{"kubeconfig": text(one)}, nil, nil},
		"another user":                   {resource.PropertyMap{"kubeconfig": text(one)}, resource.PropertyMap{"kubeconfig": text(own)}, []string{"kubeconfig"}, nil},
		"another server":                 {resource.PropertyMap{"kubeconfig": text(one)}, resource.PropertyMap{"kubeconfig": text(two)}, []string{"kubeconfig"}, []string{"kubeconfig"}},
		"unknown":                        {resource.PropertyMap{"kubeconfig": text(one)}, resource.PropertyMap{"kubeconfig": unknownConfig}, []string{"kubeconfig"}, []string{"kubeconfig"}},
		"another server, same identity":  {resource.PropertyMap{"kubeconfig": text(one), "clusterIdentifier": text("c")}, resource.PropertyMap{"kubeconfig": text(two), "clusterIdentifier": text("c")}, []string{"kubeconfig"}, nil},
		"unknown, same identity":         {resource.PropertyMap{"kubeconfig": text(one), "clusterIdentifier": text("c")}, resource.PropertyMap{"kubeconfig": unknownConfig, "clusterIdentifier": text("c")}, []string{"kubeconfig"}, nil},
		"another identity":               {resource.PropertyMap{"kubeconfig": text(one), "clusterIdentifier": text("c")}, resource.PropertyMap{"kubeconfig": text(one), "clusterIdentifier": text("d")}, []string{"clusterIdentifier"}, []string{"clusterIdentifier"}},
		"an identity added to a cluster": {resource.PropertyMap{"kubeconfig": text(one)}, resource.PropertyMap{"kubeconfig": text(one), "clusterIdentifier": text("c")}, []string{"clusterIdentifier"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			changed, replaces := diffProvider(test.olds, test.news)
			assert.ElementsMatch(t, test.changed, changed)
			assert.ElementsMatch(t, test.replaces, replaces)
		})
	}
}
