// Package storetest holds the arguments and checks that the tests of all data stores share.
package storetest

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"

	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/components/pod"
	"github.com/growbin/cluster/internal/testing/recorder"
)

const (
	// StatefulSet is the type of a store's StatefulSet.
	StatefulSet = "kubernetes:apps/v1:StatefulSet"
	// PodSpec is the path of the pod's specification in a StatefulSet.
	PodSpec = "spec.template.spec"

	service          = "kubernetes:core/v1:Service"
	persistentVolume = "kubernetes:core/v1:PersistentVolume"
)

// Placement returns a placement on the node with the role.
func Placement(role string) pod.Placement {
	return pod.Placement{
		NodeSelector: map[string]string{"role": role},
		Tolerations:  []corev1.Toleration{{Key: "dedicated", Operator: corev1.TolerationOpEqual, Value: role, Effect: corev1.TaintEffectNoSchedule}},
	}
}

// Storage returns a disk of the node store-node.
func Storage(sizeGiB int) localvolume.Storage {
	return localvolume.Storage{NodeName: "store-node", Path: "/var/lib/data", SizeGiB: sizeGiB, ClassName: pulumi.String("local-data")}
}

// CheckPod checks the StatefulSet of a store placed by Placement, and its Services. Durable stores have
// a volume. It returns the StatefulSet.
func CheckPod(t testing.TB, r *recorder.Recorder, name, role, metricsPort string, durable bool) recorder.Registration {
	t.Helper()
	set := r.One(t, StatefulSet, name)
	assert.Equal(t, 1.0, set.Value("spec.replicas"))
	assert.Equal(t, map[string]any{"role": role}, set.Value(PodSpec+".nodeSelector"))
	assert.Equal(t, []any{map[string]any{"key": "dedicated", "operator": "Equal", "value": role, "effect": "NoSchedule"}}, set.Value(PodSpec+".tolerations"))
	assert.Equal(t, metricsPort, set.Value(`spec.template.metadata.annotations.prometheus\.io/port`))
	assert.Regexp(t, "^[0-9a-f]{64}$", set.Value("spec.template.metadata.annotations."+pod.ChecksumAnnotation))
	labels := set.Value("spec.template.metadata.labels")
	assert.Equal(t, set.Value("spec.selector.matchLabels"), labels)
	assert.Equal(t, pod.Headless(name), set.Value("spec.serviceName"))
	set.RequireMounts(t, PodSpec)
	set.RequireRestricted(t, PodSpec)
	for _, probe := range []string{"startupProbe", "readinessProbe", "livenessProbe"} {
		assert.NotNil(t, set.Value(PodSpec+".containers[0]."+probe), probe)
	}
	for _, each := range []string{name, pod.Headless(name)} {
		assert.Equal(t, each, r.One(t, service, each).Value("metadata.name"))
		assert.Equal(t, labels, r.One(t, service, each).Value("spec.selector"))
	}
	assert.Nil(t, set.Value("spec.volumeClaimTemplates"), "immutable: a larger disk would replace the set")
	if _, found := r.Named(persistentVolume, name); assert.Equal(t, durable, found, "volume of %s", name) && durable {
		volume, claim := r.One(t, persistentVolume, name), r.One(t, persistentVolume+"Claim", name)
		assert.Equal(t, volume.Value("metadata.name"), claim.Value("spec.volumeName"))
		assert.Contains(t, set.Value(PodSpec+".volumes"), map[string]any{
			"name": localvolume.PodVolumeName, "persistentVolumeClaim": map[string]any{"claimName": claim.Value("metadata.name")},
		})
		assert.Equal(t, []any{"store-node"}, volume.Value("spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values"))
	}
	return set
}

// CheckFitsSmallNode requires that the limits, in thousandths of a CPU and MiB, fit a node with 2 vCPU and 2 GiB.
func CheckFitsSmallNode(t testing.TB, milliCPU, memoryMiB int64) {
	t.Helper()
	assert.LessOrEqual(t, memoryMiB, int64(1200), "1300 MiB allocatable less DaemonSets")
	assert.LessOrEqual(t, milliCPU, int64(1750), "1900m allocatable less DaemonSets")
}
