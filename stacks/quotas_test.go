package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/growbin/cluster/components/capacity"
)

// An update of everything at once fits: each pod that ends is still there while its successor and the surge start, a pod on each
// node and one run of each Job included. A pod of 64 GiB and 1,000 pods do not.
func TestQuotas_HoldEveryPodAndNoMore(t *testing.T) {
	for _, stack := range []string{"dev", "prod"} {
		w := deploy(t, stack, nil)
		settings, err := decode(t, stack, nil)
		require.NoError(t, err)
		resources, err := registered(t.Context(), settings)
		require.NoError(t, err)
		all, err := controllersOf(resources)
		require.NoError(t, err)
		pods, requests := map[string]int64{}, map[string]capacity.Resources{}
		for _, c := range all {
			n := 2*c.Replicas + c.surge
			if c.EveryNode {
				n = len(settings.Nodes) + 1 // and a surge instance
			}
			pods[c.namespace] += int64(n)
			for range n {
				requests[c.namespace] = requests[c.namespace].Add(capacity.Requests(c.Pod))
			}
		}
		quotas, limits := objectsOf[corev1.ResourceQuota](t, w, "core/v1:ResourceQuota"), objectsOf[corev1.LimitRange](t, w, "core/v1:LimitRange")
		spaces := objectsOf[corev1.Namespace](t, w, "core/v1:Namespace")
		require.Len(t, spaces, 5)
		for space := range spaces {
			require.Contains(t, quotas, space+"-pods")
			hard := quotas[space+"-pods"].Spec.Hard
			assert.NotZero(t, pods[space], space)
			assert.LessOrEqual(t, pods[space], hard.Pods().Value(), space)
			cpu, memory := hard["requests.cpu"], hard["requests.memory"]
			assert.LessOrEqual(t, requests[space].MilliCPU, cpu.MilliValue(), space)
			assert.LessOrEqual(t, requests[space].MemoryMiB, memory.Value()>>20, space)

			assert.Less(t, hard.Pods().Value(), int64(1000), space)
			most := limits[space+"-pods"].Spec.Limits[0].Max[corev1.ResourceMemory]
			assert.Negative(t, most.Cmp(resource.MustParse("64Gi")), space)
		}
	}
}

func TestQuotas_ContainerWithoutResources(t *testing.T) {
	settings, err := decode(t, "dev", nil)
	require.NoError(t, err)
	resources, err := registered(t.Context(), settings)
	require.NoError(t, err)
	for _, r := range resources {
		if r.Type == "kubernetes:apps/v1:Deployment" && r.Name == "auth-api" {
			template := r.Inputs["spec"].ObjectValue()["template"].ObjectValue()
			delete(template["spec"].ObjectValue()["containers"].ArrayValue()[0].ObjectValue()["resources"].ObjectValue(), "limits")
		}
	}
	all, err := controllersOf(resources)
	require.NoError(t, err)
	_, err = settings.quotasOf(all)
	require.ErrorContains(t, err, "Deployment auth-api.auth-api.Resources: not set, must request CPU and memory, and limit memory: the quota of namespace growbin counts them")
}
