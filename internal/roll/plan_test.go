package roll

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

func refused(t *testing.T, w *world, only ...string) string {
	t.Helper()
	o := w.options()
	o.Only = only
	err := Run(t.Context(), o)
	require.Error(t, err)
	assert.Empty(t, w.ups, "no update ran")
	return err.Error()
}

func TestPlan_ReasonsNotToStart(t *testing.T) {
	cases := map[string]struct {
		prepare func(w *world)
		only    []string
		want    string
	}{
		"not ready": {prepare: func(w *world) {
			w.editNode(redis, func(n *corev1.Node) {
				n.Status.Conditions[0] = corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionFalse, Reason: "KubeletNotReady"}
			})
		}, want: "node k8s-redis is not Ready: KubeletNotReady"},
		"pending":         {prepare: func(w *world) { w.editPod("redis-0", func(p *corev1.Pod) { p.Status.Phase = corev1.PodPending }) }, want: "pod growbin/redis-0 is Pending"},
		"downgrade":       {prepare: func(w *world) { w.wanted = "1.34.9" }, want: "the API server is v1.35.4 and v1.34.9 would be older"},
		"patch downgrade": {prepare: func(w *world) { w.wanted = "1.35.3" }, want: "node k8s-redis has kubelet v1.35.4 and v1.35.3 would be older"},
		"two minors":      {prepare: func(w *world) { w.wanted = "1.37.2" }, want: "v1.37.2 is more than one minor version ahead: roll to 1.36 first"},
		"workers only":    {prepare: func(*world) {}, only: []string{redis}, want: "node k8s-redis would get kubelet v1.36.3, newer than the API server's v1.35.4"},
		"old kubelet":     {prepare: func(w *world) { w.launchAgain(redis, "1.32.0") }, only: []string{master}, want: "node k8s-redis has kubelet v1.32.0, more than 3 minor versions behind the API server's v1.36.3"},
		"newer kubelet":   {prepare: func(w *world) { w.launchAgain(redis, after) }, only: []string{api}, want: "node k8s-redis has kubelet v1.36.3, newer than the API server's v1.35.4"},
		"cordoned by hand": {prepare: func(w *world) {
			w.launchAgain(master, after)
			w.launchAgain(redis, after)
			w.editNode(redis, func(n *corev1.Node) { n.Spec.Unschedulable = true })
		}, want: "node k8s-redis is cordoned but up to date: kubectl uncordon k8s-redis"},
		"another is half-done": {prepare: func(w *world) {
			w.launchAgain(master, after)
			w.editNode(api, func(n *corev1.Node) { n.Spec.Unschedulable = true })
		}, only: []string{redis}, want: "node k8s-api is cordoned: an earlier roll was interrupted"},
		"unknown node": {prepare: func(*world) {}, only: []string{"k8s-cache"}, want: `"k8s-cache" must be one of k8s-api, k8s-master, k8s-redis`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c.prepare(w)
			assert.Contains(t, refused(t, w, c.only...), c.want)
		})
	}
}

func TestPlan_ReportsAllReasons(t *testing.T) {
	w := newWorld(t)
	w.wanted = "1.37.2"
	w.editNode(redis, func(n *corev1.Node) { n.Status.Conditions = nil })
	w.editPod("waste-1", func(p *corev1.Pod) { p.Status.Phase = corev1.PodPending })
	text := refused(t, w)
	for _, part := range []string{"more than one minor", "k8s-redis is not Ready: it has not reported yet", "waste-1 is Pending"} {
		assert.Contains(t, text, part)
	}
}

// The quota is checked before the first node is drained, not when the first surge instance is launched.
func TestPlan_QuotaTooSmallForSurge(t *testing.T) {
	w := newWorld(t)
	w.noQuota = true
	text := refused(t, w)
	assert.Contains(t, text, "there can be no surge instance for k8s-api (--no-surge")
	assert.Contains(t, text, "20 vCPUs but only 18 are left")
	o := w.options()
	o.NoSurge = true
	require.NoError(t, Run(t.Context(), o))
	w.rolled()
}

func TestPlan_PrintNamesDowntime(t *testing.T) {
	w := newWorld(t)
	w.editNode(api, func(n *corev1.Node) { n.Spec.Unschedulable = true })
	var out strings.Builder
	o := w.options()
	o.Confirm = func(p *Plan) (bool, error) { return false, p.Print(&out) }
	require.ErrorIs(t, Run(t.Context(), o), ErrDeclined)
	assert.Equal(t, strings.TrimLeft(`
NODE        KUBELET            CHANGES    STEP
k8s-master  v1.35.4 → v1.36.3  user data  drained and replaced; the API server and the pods of this node are down meanwhile
k8s-api     v1.35.4 → v1.36.3  user data  continued (it is cordoned): a surge instance runs its pods; nothing is down
k8s-redis   v1.35.4 → v1.36.3  user data  drained and replaced; the pods of this node are down meanwhile
`, "\n"), out.String())
}
