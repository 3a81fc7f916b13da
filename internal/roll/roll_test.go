package roll

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestRun_OneNodeAtATime(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, Run(t.Context(), w.options()))
	w.rolled()
	assert.Equal(t, []string{
		"replace-k8s-master roll=[k8s-master] surge=[] unprotected=[]",
		"prepare-k8s-api roll=[] surge=[k8s-api] unprotected=[]",
		"replace-k8s-api roll=[k8s-api] surge=[k8s-api] unprotected=[]",
		"retire-k8s-api roll=[] surge=[] unprotected=[]",
		"replace-k8s-redis roll=[k8s-redis] surge=[] unprotected=[]",
	}, w.ups, "the control plane first, nodes with data last")
	assert.Equal(t, []string{master, api, redis}, w.replaced)
	assert.Equal(t, []string{master + " i-1"}, w.backups)
}

func TestRun_NothingToRoll(t *testing.T) {
	w := newWorld(t)
	w.wanted = before
	require.NoError(t, Run(t.Context(), w.options()))
	assert.Empty(t, w.ups)
}

func TestRun_Declined(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	o.Confirm = func(*Plan) (bool, error) { return false, nil }
	assert.ErrorIs(t, Run(t.Context(), o), ErrDeclined)
	assert.Empty(t, w.ups)
}

// The next roll must complete one that was interrupted at any step, control plane first, with no instance replaced twice.
func TestRun_InterruptedAtEachStep(t *testing.T) {
	steps := 0
	w := newWorld(t)
	o := w.options()
	o.Logf = func(string, ...any) { steps++ }
	require.NoError(t, Run(t.Context(), o))
	require.Greater(t, steps, 10)
	for cut := 1; cut <= steps; cut++ {
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			w := newWorld(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			o, logged := w.options(), 0
			o.Logf = func(string, ...any) {
				if logged++; logged == cut {
					cancel()
				}
			}
			_ = Run(ctx, o) // the error depends on the step
			require.NoError(t, Run(t.Context(), w.options()))
			w.rolled()
			assert.Equal(t, []string{master, api, redis}, w.replaced)
		})
	}
}

func TestRun_UpdateFails(t *testing.T) {
	for _, title := range []string{"replace-k8s-master", "prepare-k8s-api", "replace-k8s-api", "retire-k8s-api", "replace-k8s-redis"} {
		t.Run(title, func(t *testing.T) {
			w := newWorld(t)
			w.failUp = title
			err := Run(t.Context(), w.options())
			require.ErrorContains(t, err, "EC2 refused")
			assert.ErrorContains(t, err, "stopped at node ")
			assert.ErrorContains(t, err, "roll again")
			assert.Contains(t, w.ups[len(w.ups)-1], title, "it is the last update")
			w.failUp = ""
			require.NoError(t, Run(t.Context(), w.options()))
			w.rolled()
		})
	}
}

// An update can be interrupted after it created an instance and before the node joined.
func TestRun_UpdateInterrupted(t *testing.T) {
	for _, node := range []string{api, redis} {
		t.Run(node, func(t *testing.T) {
			w := newWorld(t)
			w.cutUp = "replace-" + node
			require.ErrorIs(t, Run(t.Context(), w.options()), context.Canceled)
			require.NoError(t, Run(t.Context(), w.options()))
			w.rolled()
			assert.Equal(t, []string{master, api, redis}, w.replaced)
		})
	}
}

func TestRun_BlockedByDisruptionBudget(t *testing.T) {
	w := newWorld(t)
	w.budget = func(pod string) string {
		if pod == "waste-2" {
			return "The disruption budget waste-api needs 2 healthy pods and has 2 currently"
		}
		return ""
	}
	o := w.options()
	o.DrainTimeout = 100 * time.Millisecond
	err := Run(t.Context(), o)
	require.ErrorContains(t, err, "k8s-api is not empty after 100ms")
	assert.ErrorContains(t, err, "pod growbin/waste-2: in namespace growbin: The disruption budget waste-api needs 2 healthy pods")
	assert.Equal(t, []string{master}, w.replaced, "the instance of a pod that may not be evicted stays")
}

func TestRun_NoSurgeDeletesPods(t *testing.T) {
	w := newWorld(t)
	w.budget = func(pod string) string {
		if strings.HasPrefix(pod, "waste") {
			return "nothing may be evicted"
		}
		return ""
	}
	o := w.options()
	o.NoSurge = true
	require.NoError(t, Run(t.Context(), o))
	w.rolled()
	for _, up := range w.ups {
		assert.Contains(t, up, "surge=[]")
	}
}

func TestRun_OnlyNamedNodes(t *testing.T) {
	w := newWorld(t)
	w.launchAgain(master, after)
	o := w.options()
	o.Only = []string{redis}
	require.NoError(t, Run(t.Context(), o))
	assert.Equal(t, []string{redis}, w.replaced)
}

// launchAgain replaces a node's instance by one of another version.
func (w *world) launchAgain(name, version string) {
	require.NoError(w.t, w.client.Tracker().Delete(corev1.SchemeGroupVersion.WithResource("nodes"), "", name))
	w.launch(name, version, *w.machines[name])
}

func TestRun_ProtectionIsLiftedFirst(t *testing.T) {
	w := newWorld(t)
	for _, m := range w.machines {
		m.Protected = true
	}
	require.NoError(t, Run(t.Context(), w.options()))
	assert.Contains(t, w.ups, "prepare-k8s-redis roll=[] surge=[] unprotected=[k8s-redis]")
	assert.Contains(t, w.ups, "prepare-k8s-api roll=[] surge=[k8s-api] unprotected=[k8s-api]")
}

// The update that replaces an instance protects the one before it, so the last one needs another.
func TestRun_ProtectsTheLastInstance(t *testing.T) {
	for _, c := range []struct {
		only, last string
	}{
		{redis, "protect roll=[] surge=[] unprotected=[]"},
		{api, "retire-k8s-api roll=[] surge=[] unprotected=[]"}, // protects it as well
	} {
		w := newWorld(t)
		for _, m := range w.machines {
			m.Protects = true
		}
		w.launchAgain(master, after)
		o := w.options()
		o.Only = []string{c.only}
		require.NoError(t, Run(t.Context(), o))
		assert.Equal(t, c.last, w.ups[len(w.ups)-1])
	}
}

// Without an instance no pod would ever terminate, so a drain would hang.
func TestRun_LostInstanceIsNotDrained(t *testing.T) {
	w := newWorld(t)
	w.machines[redis].InstanceID = ""
	w.editNode(redis, func(n *corev1.Node) { n.Status.Conditions[0].Status = corev1.ConditionUnknown })
	w.editPod("redis-0", func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{} })
	require.NoError(t, Run(t.Context(), w.options()))
	w.rolled()
}

func TestRun_BackupFails(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	o.Backup = func(context.Context, Machine) error { return errors.New("the bucket is full") }
	require.ErrorContains(t, Run(t.Context(), o), "save etcd before the upgrade: the bucket is full")
	assert.Empty(t, w.ups)
	node, err := w.client.CoreV1().Nodes().Get(t.Context(), master, metav1.GetOptions{})
	require.NoError(t, err)
	assert.False(t, node.Spec.Unschedulable)
}

func TestDrain_PodsThatStayOrBlock(t *testing.T) {
	w := newWorld(t)
	controller := true
	w.pod("static", redis)
	w.editPod("static", func(p *corev1.Pod) {
		p.OwnerReferences, p.Annotations = nil, map[string]string{corev1.MirrorPodAnnotationKey: "x"}
	})
	w.pod("exporter", redis)
	w.editPod("exporter", func(p *corev1.Pod) {
		p.OwnerReferences = []metav1.OwnerReference{{Kind: "DaemonSet", Name: "exporter", Controller: &controller}}
	})
	w.pod("done", redis)
	w.editPod("done", func(p *corev1.Pod) { p.OwnerReferences, p.Status.Phase = nil, corev1.PodSucceeded })
	w.editNode(redis, func(n *corev1.Node) { n.Spec.Unschedulable = true })
	r := newRoller(w.options())
	require.NoError(t, r.drain(t.Context(), w.client, redis, false))
	for _, pod := range w.pods() {
		if pod.Labels["home"] == redis {
			assert.Equal(t, pod.Name != "redis-0", pod.Spec.NodeName == redis, pod.Name)
		}
	}
	w.pod("by-hand", redis)
	w.editPod("by-hand", func(p *corev1.Pod) { p.OwnerReferences = nil })
	assert.ErrorContains(t, r.drain(t.Context(), w.client, redis, false), "pod growbin/by-hand on k8s-redis has no controller")
}

// Canonical publishes an image in the middle of a roll: all nodes get the image of the plan, and the roll ends.
func TestRun_NewImageMeanwhile(t *testing.T) {
	w := newWorld(t)
	w.image = "ami-planned"
	w.onUp = func() { w.image = fmt.Sprintf("ami-%d", len(w.ups)) }
	require.NoError(t, Run(t.Context(), w.options()))
	w.rolled()
	assert.Equal(t, []string{master, api, redis}, w.replaced)
	for name, m := range w.machines {
		assert.Equal(t, "ami-planned", m.Image, name)
	}
}

// A node is replaced although nothing changed about it, with a surge instance if it has no data, and no other node is.
func TestRun_Forced(t *testing.T) {
	for node, want := range map[string][]string{
		redis: {"replace-k8s-redis roll=[k8s-redis] surge=[] unprotected=[]"},
		api: {
			"prepare-k8s-api roll=[] surge=[k8s-api] unprotected=[]", "replace-k8s-api roll=[k8s-api] surge=[k8s-api] unprotected=[]",
			"retire-k8s-api roll=[] surge=[] unprotected=[]",
		},
	} {
		t.Run(node, func(t *testing.T) {
			w := newWorld(t)
			w.wanted = before
			o := w.options()
			o.Force = []string{node}
			var out strings.Builder
			o.Confirm = func(p *Plan) (bool, error) { return true, p.Print(&out) }
			require.NoError(t, Run(t.Context(), o))
			w.rolled()
			assert.Equal(t, want, w.ups)
			assert.Equal(t, []string{node}, w.replaced)
			assert.Regexp(t, node+" +v1.35.4 +none +", out.String())
		})
	}
}

// A forced roll that was interrupted in its update is completed, with no second replacement.
func TestRun_ForcedAndInterrupted(t *testing.T) {
	w := newWorld(t)
	w.wanted, w.cutUp = before, "replace-"+redis
	o := w.options()
	o.Force = []string{redis}
	require.ErrorIs(t, Run(t.Context(), o), context.Canceled)
	require.NoError(t, Run(t.Context(), o))
	w.rolled()
	assert.Equal(t, []string{redis}, w.replaced)
}

func TestRun_OtherTypesWithoutCapacity(t *testing.T) {
	w := newWorld(t)
	w.noCapacity = 2
	o := w.options()
	o.Types = []string{"c6i.large", "m6i.large"}
	require.NoError(t, Run(t.Context(), o))
	require.Equal(t, []string{"k8s-api=m6i.large"}, w.asked[len(w.asked)-1:], "for the rest of the roll")
	require.Contains(t, w.asked, "k8s-api=c6i.large")

	w = newWorld(t)
	w.noCapacity = 1
	require.ErrorContains(t, Run(t.Context(), w.options()), "Or roll k8s-api with --types, which asks for several types in turn")
}
