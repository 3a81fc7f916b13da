package roll

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	apiversion "k8s.io/apimachinery/pkg/version"
	fakediscovery "k8s.io/client-go/discovery/fake"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

// world is a fake of stack, instances, scheduler and eviction. Each pod has a home node, and runs there or on its surge instance.
type world struct {
	t      *testing.T
	client *fake.Clientset
	// wanted is the version in the program, server that of the API server.
	wanted, server string
	// image is the current one; each instance has that of its launch.
	image    string
	machines map[string]*Machine
	kubelets map[string]string // by instance, without v
	born     int

	mu sync.Mutex
	// ups are the updates, replaced the instances in the order of their replacement.
	ups      []string
	replaced []string
	backups  []string
	// budget, if non-nil, blocks the eviction of a pod by returning a reason.
	budget func(pod string) string
	failUp string
	// noCapacity counts the launches of the node without data that AWS has still no capacity for. asked are the types asked for.
	noCapacity int
	asked      []string
	// onUp, if non-nil, is called at each update.
	onUp func()
	// cutUp interrupts the update of that title: the new instance exists and has not joined. The next update completes joining.
	cutUp   string
	noQuota bool
	joining []string
}

const (
	master, api, redis = "k8s-master", "k8s-api", "k8s-redis"
	before, after      = "1.35.4", "1.36.3"
)

func surgeName(node string) string { return node + "-surge" }

// newWorld returns a control plane, a node without data with two pods, and a node with data, all of the older version.
func newWorld(t *testing.T) *world {
	w := &world{t: t, client: fake.NewClientset(), wanted: after, server: before, machines: map[string]*Machine{}, kubelets: map[string]string{}}
	w.client.PrependReactor("*", "*", w.react)
	for _, name := range []string{master, api, redis} {
		w.launch(name, before, Machine{Node: name, ControlPlane: name == master, KeepsData: name != api})
	}
	w.pod("waste-1", api)
	w.pod("waste-2", api)
	w.pod("redis-0", redis)
	w.pod("coredns", master)
	return w
}

func (w *world) launch(name, version string, m Machine) {
	w.born++
	m.InstanceID, m.URN = fmt.Sprintf("i-%d", w.born), "urn:"+name
	w.machines[name], w.kubelets[name] = &m, version
	if m.ControlPlane {
		w.server = version
	}
	w.client.Discovery().(*fakediscovery.FakeDiscovery).FakedServerVersion = &apiversion.Info{GitVersion: "v" + w.server}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.NodeStatus{
		NodeInfo:   corev1.NodeSystemInfo{KubeletVersion: "v" + version},
		Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
	}}
	if err := w.client.Tracker().Add(node); err != nil {
		panic(err)
	}
}

func (w *world) pod(name, home string) {
	controller := true
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "growbin", Name: name, UID: types.UID("uid-" + name), Labels: map[string]string{"home": home},
			OwnerReferences: []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "waste", Controller: &controller}},
		},
		Spec: corev1.PodSpec{NodeName: home}, Status: corev1.PodStatus{Phase: corev1.PodRunning},
	}
	require.NoError(w.t, w.client.Tracker().Add(pod))
}

// editNode edits a node out of band.
func (w *world) editNode(name string, edit func(*corev1.Node)) {
	object, err := w.client.Tracker().Get(corev1.SchemeGroupVersion.WithResource("nodes"), "", name)
	require.NoError(w.t, err)
	node := object.(*corev1.Node).DeepCopy()
	edit(node)
	require.NoError(w.t, w.client.Tracker().Update(corev1.SchemeGroupVersion.WithResource("nodes"), node, ""))
}

func (w *world) editPod(name string, edit func(*corev1.Pod)) {
	object, err := w.client.Tracker().Get(corev1.SchemeGroupVersion.WithResource("pods"), "growbin", name)
	require.NoError(w.t, err)
	pod := object.(*corev1.Pod).DeepCopy()
	edit(pod)
	require.NoError(w.t, w.client.Tracker().Update(corev1.SchemeGroupVersion.WithResource("pods"), pod, "growbin"))
}

// react adds to the fake API server: field selectors, evictions and scheduling.
func (w *world) react(action clienttesting.Action) (bool, runtime.Object, error) {
	switch {
	case action.Matches("list", "pods"):
		w.schedule()
		selector := action.(clienttesting.ListAction).GetListRestrictions().Fields
		found, list := w.pods(), &corev1.PodList{}
		for _, pod := range found {
			if on, limited := selector.RequiresExactMatch("spec.nodeName"); !limited || on == pod.Spec.NodeName {
				list.Items = append(list.Items, *pod)
			}
		}
		return true, list, nil
	case action.GetVerb() == "create" && action.GetSubresource() == "eviction":
		eviction := action.(clienttesting.CreateAction).GetObject().(*policyv1.Eviction)
		if w.budget != nil {
			if why := w.budget(eviction.Name); why != "" {
				status := apierrors.NewTooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", 0)
				status.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: policyv1.DisruptionBudgetCause, Message: why}}
				return true, nil, status
			}
		}
		w.restart(eviction.Name)
		return true, nil, nil
	case action.Matches("delete", "pods"):
		w.restart(action.(clienttesting.DeleteAction).GetName())
		return true, nil, nil
	case action.Matches("delete", "nodes"): // pods are garbage-collected
		for _, pod := range w.pods() {
			if pod.Spec.NodeName == action.(clienttesting.DeleteAction).GetName() {
				w.restart(pod.Name)
			}
		}
	}
	return false, nil, nil
}

func (w *world) pods() []*corev1.Pod {
	object, err := w.client.Tracker().List(corev1.SchemeGroupVersion.WithResource("pods"), corev1.SchemeGroupVersion.WithKind("Pod"), "")
	require.NoError(w.t, err)
	var pods []*corev1.Pod
	for i := range object.(*corev1.PodList).Items {
		pods = append(pods, &object.(*corev1.PodList).Items[i])
	}
	return pods
}

// restart replaces a pod by its controller's next one, which has no node yet.
func (w *world) restart(name string) {
	w.editPod(name, func(pod *corev1.Pod) {
		pod.Spec.NodeName, pod.Status.Phase, pod.DeletionTimestamp = "", corev1.PodPending, nil
	})
}

// schedule binds pending pods to schedulable nodes.
func (w *world) schedule() {
	for _, pod := range w.pods() {
		if pod.Spec.NodeName != "" || pod.Status.Phase != corev1.PodPending {
			continue
		}
		for _, name := range []string{pod.Labels["home"], surgeName(pod.Labels["home"])} {
			object, err := w.client.Tracker().Get(corev1.SchemeGroupVersion.WithResource("nodes"), "", name)
			if err == nil && !object.(*corev1.Node).Spec.Unschedulable {
				w.editPod(pod.Name, func(p *corev1.Pod) { p.Spec.NodeName, p.Status.Phase = name, corev1.PodRunning })
				break
			}
		}
	}
}

func (w *world) Nodes(context.Context) ([]string, error) { return []string{api, master, redis}, nil }

// stale reports whether the program differs from the instance.
func (w *world) stale(name string, o Overrides) bool {
	return w.kubelets[name] != w.wanted || w.machines[name].Image != cmp.Or(o.Image, w.image) || slices.Contains(o.Replace, "urn:"+name)
}

func (w *world) Machines(_ context.Context, o Overrides) ([]Machine, error) {
	if w.noQuota && len(o.Surge) > 0 {
		return nil, errors.New("the topology needs 20 vCPUs but only 18 are left")
	}
	var list []Machine
	for _, name := range slices.Sorted(maps.Keys(w.machines)) {
		m := *w.machines[name]
		m.Fate, m.Version = Kept, w.wanted
		switch {
		case strings.HasSuffix(name, "-surge"):
			m.Fate = Removed
		case m.InstanceID == "":
			m.Fate = Created
		case slices.Contains(o.Roll, name) && w.stale(name, o):
			m.Fate, m.Changes = Replaced, []string{"user data"}
		}
		m.Image = cmp.Or(o.Image, w.image)
		list = append(list, m)
	}
	return list, nil
}

func (w *world) Up(ctx context.Context, title string, o Overrides) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ups = append(w.ups, fmt.Sprintf("%s roll=%v surge=%v unprotected=%v", title, o.Roll, o.Surge, o.Unprotected))
	if w.onUp != nil {
		w.onUp()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for node, kind := range o.Types {
		w.asked = append(w.asked, node+"="+kind)
	}
	if w.noCapacity > 0 && title == "replace-"+api {
		w.noCapacity--
		return errors.New("InsufficientInstanceCapacity: We currently do not have sufficient t3.medium capacity")
	}
	if w.failUp == title {
		return fmt.Errorf("EC2 refused")
	}
	for _, name := range w.joining {
		w.launch(name, w.wanted, *w.machines[name])
	}
	w.joining = nil
	for name, m := range w.machines {
		if m.Protected = m.Protected && !slices.Contains(o.Unprotected, name); slices.Contains(o.Roll, name) && (m.InstanceID == "" || w.stale(name, o)) {
			if m.Protected {
				return fmt.Errorf("OperationNotPermitted: %s may not be terminated", name)
			}
			for _, pod := range w.pods() {
				require.NotEqual(w.t, name, pod.Spec.NodeName, "the instance of a pod was replaced")
			}
			w.replaced = append(w.replaced, name)
			m.Image = cmp.Or(o.Image, w.image)
			if w.cutUp == title {
				w.cutUp, w.joining, w.kubelets[name] = "", []string{name}, w.wanted
				return context.Canceled
			}
			w.launch(name, w.wanted, *m)
		}
		if home, temporary := strings.CutSuffix(name, "-surge"); temporary && !slices.Contains(o.Surge, home) {
			for _, pod := range w.pods() {
				require.NotEqual(w.t, name, pod.Spec.NodeName, "the surge instance of a pod was deleted")
			}
			delete(w.machines, name)
		}
	}
	for _, home := range o.Surge {
		if w.machines[surgeName(home)] == nil {
			w.launch(surgeName(home), w.wanted, Machine{Node: surgeName(home)})
		}
	}
	return nil
}

func (w *world) options() Options {
	return Options{
		Stack: w, SurgeName: surgeName, Poll: time.Millisecond, DrainTimeout: time.Minute, SettleTimeout: time.Minute,
		Connect: func(context.Context) (kubernetes.Interface, error) { return w.client, nil },
		Backup: func(_ context.Context, m Machine) error {
			w.backups = append(w.backups, m.Node+" "+m.InstanceID)
			return nil
		},
	}
}

// rolled checks the state after a complete roll.
func (w *world) rolled() {
	w.t.Helper()
	nodes, err := w.client.CoreV1().Nodes().List(w.t.Context(), metav1.ListOptions{})
	require.NoError(w.t, err)
	var names []string
	for _, node := range nodes.Items {
		names = append(names, node.Name)
		require.Equal(w.t, "v"+w.wanted, node.Status.NodeInfo.KubeletVersion, node.Name)
		require.False(w.t, node.Spec.Unschedulable, node.Name)
	}
	require.ElementsMatch(w.t, []string{master, api, redis}, names)
	require.Len(w.t, w.machines, 3)
	w.schedule()
	for _, pod := range w.pods() {
		require.Equal(w.t, pod.Labels["home"], pod.Spec.NodeName, pod.Name)
	}
}
