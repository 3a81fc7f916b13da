package drills

import (
	"context"
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/components/metricsserver"
	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/programs"
	"github.com/growbin/cluster/stacks"
)

// moreNodes gives AI, the APIs and storage one node more each.
const moreNodes = `["k8s-worker-ai-peak=k8s-worker-ai","k8s-api-peak=k8s-api-high-traffic","k8s-worker-storage-peak=k8s-worker-storage"]`

const (
	// scaledApplication is autoscaled. The connections that its third pod may open are those of another, with fixed pods.
	scaledApplication = "userinfo-api"
	autoscaled        = `["` + scaledApplication + `=2-3","image-uploader=1-1"]`
	scaledMax         = 3
	// busyPercent of the CPU requests is more than the autoscaler's target.
	busyPercent = 160
	// scaledWithin is longer than two rounds of the autoscaler, 15 seconds each, and the start of a pod.
	scaledWithin = 90 * time.Second
	// collectedWithin is longer than the controller manager takes to collect pods of a deleted node: 40 seconds, looked at every 20.
	collectedWithin = 2 * time.Minute
)

func grow() rehearsal.Drill {
	return rehearsal.Drill{
		Name: "grow", Program: programs.GrowbinName,
		About:  "a second AI worker, a third API node and a second storage worker join and leave under load, and an autoscaler adds a pod",
		Config: map[string]string{programs.KeyMonthlyBudget: "0"},
		Phases: func(r *rehearsal.Rehearsal) []rehearsal.Phase {
			g := &growing{Rehearsal: r, before: map[string]string{}}
			return []rehearsal.Phase{
				{Name: "remember", Do: g.remember},
				{Name: "a row each", Do: g.grow},
				{Name: "verify grown", Do: r.Verify},
				{Name: "up again", Do: func(ctx context.Context) error { return r.Unchanged(ctx, "up-grown", "the up after the growth") }},
				{Name: "an autoscaler", Do: g.scale},
				{Name: "without the rows", Do: g.shrink},
			}
		},
	}
}

// growing is the time in which the stack has more nodes.
type growing struct {
	*rehearsal.Rehearsal
	client   kubernetes.Interface
	requests *requests
	replicas *replicas
	metrics  *podMetrics
	// before are the instance IDs by node; more are the nodes that join.
	before map[string]string
	more   []string
}

func (g *growing) remember(ctx context.Context) (err error) {
	for _, node := range g.Design.NodeNames() {
		machine, err := g.Cloud.Machine(node)
		if err != nil {
			return err
		}
		g.before[node] = machine.ID
	}
	if g.client, err = g.Client(ctx); err != nil {
		return err
	}
	if g.replicas, err = watchReplicas(ctx, g.Rehearsal, g.client); err != nil {
		return err
	}
	g.requests, err = sendRequests(ctx, g.Rehearsal, g.client)
	return err
}

func (g *growing) grow(ctx context.Context) error {
	if err := g.Set(ctx, programs.KeyMoreNodes, moreNodes); err != nil {
		return err
	}
	result, err := g.Engine.Up(ctx, "grow", noOptions)
	if err != nil {
		return err
	}
	var others []string
	for _, change := range result.Changes {
		if change.Operation != "create" && change.Operation != "update" && change.Name != "monitoring-prometheus" {
			others = append(others, change.String())
		}
	}
	g.Compare("resources replaced, but for the list of nodes in Prometheus' configuration", "none", join(others), len(others) == 0 && result.Deleted == 0)
	for _, node := range g.Design.NodeNames() {
		if _, old := g.before[node]; !old {
			g.more = append(g.more, node)
		}
	}
	g.Compare("nodes that joined", "–", join(g.more), len(g.more) == 3)
	if err := g.sameInstances(); err != nil {
		return err
	}
	return g.compareSpread(ctx)
}

// sameInstances requires that the nodes from before have their instances.
func (g *growing) sameInstances() error {
	var other []string
	for _, node := range slices.Sorted(maps.Keys(g.before)) {
		machine, err := g.Cloud.Machine(node)
		if err != nil {
			return err
		}
		if machine.ID != g.before[node] {
			other = append(other, node)
		}
	}
	g.Compare("instances that were replaced", "none", join(other), len(other) == 0)
	return nil
}

// compareSpread requires pods of each application with two pods and two nodes on both, one more on one than on the other at most.
func (g *growing) compareSpread(ctx context.Context) error {
	uneven, of, err := g.uneven(ctx)
	if err != nil {
		return err
	}
	g.Compare("applications that are spread unevenly over their two nodes", "–", fmt.Sprintf("%d of %d", len(uneven), of), len(uneven) == 0 && of >= 6)
	return nil
}

// uneven returns the pods by node of the applications that are not spread, and the number of those with two nodes.
func (g *growing) uneven(ctx context.Context) (uneven map[string]map[string]int, of int, err error) {
	pods, err := g.client.CoreV1().Pods(stacks.ReleaseNamespace).List(ctx, metav1.ListOptions{FieldSelector: "status.phase=" + string(corev1.PodRunning)})
	if err != nil {
		return nil, 0, fmt.Errorf("list the pods of applications: %w", err)
	}
	uneven = map[string]map[string]int{}
	for _, w := range g.Design.Workloads {
		if len(w.Nodes) < 2 || w.Replicas < 2 {
			continue
		}
		of++
		count, sum := map[string]int{}, 0
		for i := range pods.Items {
			if pod := &pods.Items[i]; pod.DeletionTimestamp == nil && pod.Labels["app.kubernetes.io/name"] == w.Name {
				count[pod.Spec.NodeName]++
				sum++
			}
		}
		counts := slices.Sorted(maps.Values(count))
		if sum != w.Replicas || len(counts) != len(w.Nodes) || counts[len(counts)-1]-counts[0] > 1 {
			uneven[w.Name] = count
		}
	}
	return uneven, of, nil
}

// scale lets the autoscaler add a pod. Neither an update nor a release takes it away.
func (g *growing) scale(ctx context.Context) error {
	if err := g.Set(ctx, programs.KeyAutoscale, autoscaled); err != nil {
		return err
	}
	if _, err := g.Engine.Up(ctx, "autoscale", noOptions); err != nil {
		return err
	}
	service, err := g.client.CoreV1().Services(stacks.MonitoringNamespace).Get(ctx, metricsserver.Name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("find metrics-server: %w", err)
	}
	g.metrics = &podMetrics{client: g.client}
	g.metrics.percent.Store(busyPercent)
	server := httptest.NewTLSServer(g.metrics)
	g.Defer(server.Close)
	addresses := map[string]string{service.Spec.ClusterIP + ":443": server.Listener.Addr().String()}
	stop, err := g.World.Cluster().ServePods(func(address string) string { return addresses[address] })
	if err != nil {
		return err
	}
	g.Defer(stop)
	err = poll(ctx, scaledWithin, func() error {
		wanted, ready, err := g.scaled(ctx)
		if err == nil && (wanted != scaledMax || ready != scaledMax) {
			err = fmt.Errorf("after %s %s has %d of %d pods ready, must be %d: %s", scaledWithin, scaledApplication, ready, wanted, scaledMax, g.autoscalerState(ctx))
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := g.Unchanged(ctx, "up-scaled", "the up after the autoscaler"); err != nil {
		return err
	}
	// As growbin release does. The next update then changes the Deployment, and must keep the number of pods.
	patch := fmt.Appendf(nil, `{"spec":{"template":{"spec":{"containers":[{"name":%q,"image":"ghcr.io/growbin/%s:1.0.1"}]}}}}`, scaledApplication, scaledApplication)
	if _, err := g.client.AppsV1().Deployments(stacks.ReleaseNamespace).Patch(ctx, scaledApplication, types.StrategicMergePatchType, patch, metav1.PatchOptions{}); err != nil {
		return fmt.Errorf("release %s: %w", scaledApplication, err)
	}
	if _, err := g.Engine.Up(ctx, "up-released", noOptions); err != nil {
		return err
	}
	wanted, _, err := g.scaled(ctx)
	g.Compare("pods of "+scaledApplication+" after the autoscaler, a release and an update", 2, wanted, wanted == scaledMax)
	return err
}

// scaled returns the wanted and the ready pods of the autoscaled application.
func (g *growing) scaled(ctx context.Context) (wanted, ready int32, err error) {
	d, err := g.client.AppsV1().Deployments(stacks.ReleaseNamespace).Get(ctx, scaledApplication, metav1.GetOptions{})
	if err != nil {
		return 0, 0, fmt.Errorf("read %s: %w", scaledApplication, err)
	}
	return *d.Spec.Replicas, d.Status.ReadyReplicas, nil
}

// autoscalerState describes the autoscaler for an error.
func (g *growing) autoscalerState(ctx context.Context) string {
	scaler, err := g.client.AutoscalingV2().HorizontalPodAutoscalers(stacks.ReleaseNamespace).Get(ctx, scaledApplication, metav1.GetOptions{})
	if err != nil {
		return err.Error()
	}
	var conditions []string
	for _, c := range scaler.Status.Conditions {
		conditions = append(conditions, fmt.Sprintf("%s %s %s", c.Type, c.Status, c.Message))
	}
	return strings.Join(conditions, "; ")
}

// shrink takes the rows away again.
func (g *growing) shrink(ctx context.Context) error {
	if err := g.Engine.RemoveConfig(ctx, programs.KeyMoreNodes); err != nil {
		return err
	}
	if err := g.Redesign(func(config map[string]string) { delete(config, programs.KeyMoreNodes) }); err != nil {
		return err
	}
	if _, err := g.Engine.Up(ctx, "shrink", noOptions); err != nil {
		return err
	}
	nodes, err := g.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list nodes: %w", err)
	}
	var left []string
	for _, node := range g.more {
		if _, err := g.Cloud.Machine(node); err == nil || slices.ContainsFunc(nodes.Items, func(n corev1.Node) bool { return n.Name == node }) {
			left = append(left, node)
		}
	}
	g.Compare("nodes that are left of them without their rows", "–", join(left), len(left) == 0)
	if err := g.sameInstances(); err != nil {
		return err
	}
	g.requests.compare(g.Rehearsal)
	g.replicas.compare(g.Rehearsal)
	return g.collected(ctx)
}

// collected waits until the controller manager has deleted the pods of DaemonSets on the nodes that are gone.
func (g *growing) collected(ctx context.Context) error {
	return poll(ctx, collectedWithin, func() error {
		pods, err := g.client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
		if err != nil {
			return fmt.Errorf("list pods: %w", err)
		}
		left := slices.DeleteFunc(pods.Items, func(p corev1.Pod) bool { return !slices.Contains(g.more, p.Spec.NodeName) })
		if len(left) > 0 {
			return fmt.Errorf("after %s %d pods are left on nodes that are gone, the first is %s", collectedWithin, len(left), left[0].Name)
		}
		return nil
	})
}
