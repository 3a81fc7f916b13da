package k8sprovider

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestServiceWaitsForAReadyPod(t *testing.T) {
	h := newHarness(t)
	text := `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: $NS, annotations: {pulumi.com/timeoutSeconds: "2"}}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8000}]}
`
	o, err := h.tryCreate(service, "web", text)
	assert.ErrorContains(t, err, "no ready pod matches the selector app=web")
	o.state = o.inputs
	require.NoError(t, h.delete(o))

	h.create(deployment, "web", web)
	h.create(service, "web", text)
	for name, spec := range map[string]string{
		"headless":     "{clusterIP: None, selector: {app: nobody}, ports: [{port: 80}]}",
		"selectorless": "{ports: [{port: 80}]}",
		"external":     "{type: ExternalName, externalName: example.org}",
	} {
		h.create(service, name, "{apiVersion: v1, kind: Service, metadata: {namespace: $NS, name: "+name+", annotations: {pulumi.com/timeoutSeconds: '2'}}, spec: "+spec+"}")
	}
}

func TestStatefulSetWithItsVolume(t *testing.T) {
	h := newHarness(t)
	h.create("kubernetes:storage.k8s.io/v1:StorageClass", "lazy", "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: $NS}, provisioner: kubernetes.io/no-provisioner, volumeBindingMode: WaitForFirstConsumer}")
	volume := h.create("kubernetes:core/v1:PersistentVolume", "disk", `
apiVersion: v1
kind: PersistentVolume
metadata: {name: $NS}
spec:
  capacity: {storage: 1024Mi}
  accessModes: [ReadWriteOnce]
  storageClassName: $NS
  local: {path: /data}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [node-1]}]}]}}
`)
	assert.Equal(t, "Available", volume.state["status"].ObjectValue()["phase"].StringValue())
	set := `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: $NS}
spec:
  serviceName: db
  replicas: 1
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers: [{name: db, image: "db:1", volumeMounts: [{name: data, mountPath: /data}]}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], storageClassName: $NS, resources: {requests: {storage: 1Gi}}}
`
	o := h.create("kubernetes:apps/v1:StatefulSet", "db", set)
	assert.Equal(t, 1.0, o.state["status"].ObjectValue()["readyReplicas"].NumberValue())
	assert.Empty(t, h.diff(o, set).GetDetailedDiff())
	assert.NotEmpty(t, h.diff(o, strings.Replace(set, "storage: 1Gi", "storage: 2Gi", 1)).GetReplaces())
	require.NoError(t, h.update(o, strings.Replace(set, "db:1", "db:2", 1)))

	// A claim whose class waits for a pod is not waited for; one that nothing can bind times out.
	claim := "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {namespace: $NS, name: more, annotations: {pulumi.com/timeoutSeconds: '2'}}, spec: {accessModes: [ReadWriteOnce], storageClassName: $NS, resources: {requests: {storage: 1Gi}}}}"
	h.create("kubernetes:core/v1:PersistentVolumeClaim", "more", claim)
	_, err := h.tryCreate("kubernetes:core/v1:PersistentVolumeClaim", "never", strings.NewReplacer("storageClassName: $NS", "storageClassName: ''", "name: more", "name: never").Replace(claim))
	assert.ErrorContains(t, err, "claim is Pending")
	require.NoError(t, h.delete(o))
}

func TestDaemonSetAndJob(t *testing.T) {
	h := newHarness(t)
	set := h.create("kubernetes:apps/v1:DaemonSet", "agent", `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: $NS}
spec:
  selector: {matchLabels: {app: agent}}
  template: {metadata: {labels: {app: agent}}, spec: {tolerations: [{operator: Exists}], containers: [{name: agent, image: "agent:1"}]}}
`)
	assert.Equal(t, 2.0, set.state["status"].ObjectValue()["numberAvailable"].NumberValue())
	job := h.create("kubernetes:batch/v1:Job", "once", `
apiVersion: batch/v1
kind: Job
metadata: {name: once, namespace: $NS}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: once, image: "once:1"}]}}}
`)
	assert.Equal(t, 1.0, job.state["status"].ObjectValue()["succeeded"].NumberValue())
}

func TestDefinitionThenItsObjects(t *testing.T) {
	h := newHarness(t)
	definition := h.create("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", "things", `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.demo.example}
spec:
  group: demo.example
  scope: Namespaced
  names: {plural: things, singular: thing, kind: Thing}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, x_kubernetes_preserve_unknown_fields: true}}}}
`)
	thing := h.create("kubernetes:demo.example/v1:Thing", "one", "{apiVersion: demo.example/v1, kind: Thing, metadata: {name: one, namespace: $NS}, spec: {size: 3}}")
	assert.Equal(t, 3.0, thing.state["spec"].ObjectValue()["size"].NumberValue())
	require.NoError(t, h.delete(thing))
	require.NoError(t, h.delete(definition))
}

func TestTimeouts(t *testing.T) {
	object := func(kind, annotations string) *unstructured.Unstructured {
		o := &unstructured.Unstructured{Object: map[string]any{"kind": kind}}
		if annotations != "" {
			o.SetAnnotations(map[string]string{timeoutAnnotation: annotations})
		}
		return o
	}
	assert.Equal(t, 10*time.Minute, timeoutOf(object("Deployment", ""), 0))
	assert.Equal(t, 5*time.Minute, timeoutOf(object("PersistentVolumeClaim", ""), 0))
	assert.Equal(t, 7*time.Second, timeoutOf(object("Deployment", "7"), 0))
	assert.Equal(t, 90*time.Second, timeoutOf(object("Deployment", "7"), 90), "the resource option comes first")
	assert.Equal(t, 10*time.Minute, timeoutOf(object("Deployment", "soon"), 0))
}
