package drills

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/verify"
	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/apiobjects"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/rehearsal/programs"
)

// The nodes that lose their instance: one without data, one whose data must be kept.
const (
	lostWorker = "k8s-worker-ai"
	lostStore  = "k8s-redis"
	// markFile is written to the store's volume.
	markFile = "before-the-loss"
	// notReadyWithin bounds the detection by the controller manager: a grace period of 50 s, and a check every 5.
	notReadyWithin = 2 * time.Minute
)

func worker() rehearsal.Drill {
	return rehearsal.Drill{
		Name: "worker", Program: programs.GrowbinName,
		About: "two instances are lost under load, " + lostWorker + " and " + lostStore + "; pulumi up --refresh replaces them",
		Phases: func(r *rehearsal.Rehearsal) []rehearsal.Phase {
			w := &workerLoss{Rehearsal: r}
			return []rehearsal.Phase{
				{Name: "remember", Do: w.remember},
				{Name: "lose two instances", Do: w.lose},
				{Name: "up --refresh", Do: w.recover},
				{Name: "after the loss", Do: w.compare},
			}
		},
	}
}

// workerLoss is the loss of two workers, with the state before it.
type workerLoss struct {
	*rehearsal.Rehearsal
	// instances are the instance IDs by node, volume is the ID of the store's data volume.
	instances map[string]string
	volume    string
	// claims maps each claim to its volume.
	claims  map[string]string
	lasting apiobjects.Inventory
	load    *load
	// requests are sent all the while.
	requests *requests
}

func lost() []string { return []string{lostWorker, lostStore} }

// remember records the state, marks the store's volume, and starts the load.
func (w *workerLoss) remember(ctx context.Context) error {
	w.instances = map[string]string{}
	for _, node := range lost() {
		machine, err := w.Cloud.Machine(node)
		if err != nil {
			return err
		}
		w.instances[node] = machine.ID
		if node == lostStore {
			w.volume = dataVolume(machine)
		}
	}
	if err := os.WriteFile(filepath.Join(w.World.VolumeDir(w.volume), markFile), []byte(w.volume), 0o600); err != nil {
		return fmt.Errorf("mark the volume of %s: %w", lostStore, err)
	}
	client, err := w.Client(ctx)
	if err != nil {
		return err
	}
	if w.claims, err = boundClaims(ctx, client); err != nil {
		return err
	}
	if w.lasting, err = apiobjects.Lasting(ctx, w.World.Cluster().Admin()); err != nil {
		return err
	}
	if w.load, err = startLoad(context.WithoutCancel(ctx), client, lostWorker); err != nil {
		return err
	}
	w.Defer(w.load.cancel)
	w.requests, err = sendRequests(ctx, w.Rehearsal, client)
	return err
}

// dataVolume returns the ID of a machine's data volume, or "".
func dataVolume(m *awssim.Machine) string {
	for _, disk := range m.Volumes() {
		if !disk.Root {
			return disk.ID
		}
	}
	return ""
}

func boundClaims(ctx context.Context, client kubernetes.Interface) (map[string]string, error) {
	list, err := client.CoreV1().PersistentVolumeClaims(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list claims: %w", err)
	}
	claims := map[string]string{}
	for i := range list.Items {
		claim := &list.Items[i]
		claims[claim.Namespace+"/"+claim.Name] = claim.Spec.VolumeName
	}
	return claims, nil
}

// lose terminates both instances outside of Pulumi and waits until the controller manager marks their nodes NotReady.
func (w *workerLoss) lose(ctx context.Context) error {
	for _, node := range lost() {
		if err := w.Cloud.LoseInstance(node); err != nil {
			return err
		}
	}
	client, err := w.Client(ctx)
	if err != nil {
		return err
	}
	if err := awaitSilent(ctx, client, lostStore, lostWorker); err != nil {
		return err
	}
	w.Compare("nodes that are NotReady", 0, lostStore+", "+lostWorker, true)
	return nil
}

// awaitSilent waits until the given nodes, in the order of their names, and no others are NotReady.
func awaitSilent(ctx context.Context, client kubernetes.Interface, lost ...string) error {
	return poll(ctx, notReadyWithin, func() error {
		silent, err := silentNodes(ctx, client)
		if err == nil && !slices.Equal(silent, lost) {
			err = fmt.Errorf("after %s the nodes that are not Ready are %q, must be %q", notReadyWithin, silent, lost)
		}
		return err
	})
}

func silentNodes(ctx context.Context, client kubernetes.Interface) ([]string, error) {
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list nodes: %w", err)
	}
	var silent []string
	for i := range nodes.Items {
		if !slices.ContainsFunc(nodes.Items[i].Status.Conditions, func(c corev1.NodeCondition) bool {
			return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
		}) {
			silent = append(silent, nodes.Items[i].Name)
		}
	}
	slices.Sort(silent)
	return silent, nil
}

// recover runs the one command that a person would.
func (w *workerLoss) recover(ctx context.Context) error {
	result, err := w.Engine.Up(ctx, "up-refresh", engine.RunOptions{Refresh: true})
	if err != nil {
		return err
	}
	var others, again []string
	for _, change := range result.Changes {
		switch {
		case slices.ContainsFunc(lost(), func(node string) bool { return strings.HasPrefix(change.Name, node) }):
		case change.Type == scheduleType && change.Operation == "update": // it names the instances
		case w.awaitedAgain(change):
			again = append(again, change.Name)
		default:
			others = append(others, change.String())
		}
	}
	w.Compare("unhealthy objects of theirs that were awaited again", "–", join(again), true)
	w.Compare("resources changed that belong to neither instance", "–", join(others), len(others) == 0 && result.Changed() > 0)
	return nil
}

// awaitedAgain reports an update without a difference: the refresh found a workload of a lost instance, its Service, or a
// DaemonSet, which has a pod on each node, unhealthy, so that the update waits for it once more.
func (w *workerLoss) awaitedAgain(change engine.Change) bool {
	if change.Operation != "update" || len(change.Properties) > 0 || !strings.HasPrefix(change.Type, "kubernetes:") {
		return false
	}
	if strings.HasSuffix(change.Type, ":DaemonSet") {
		return true
	}
	return slices.ContainsFunc(w.Design.Workloads, func(workload verify.Workload) bool {
		return slices.ContainsFunc(workload.Nodes, func(node string) bool { return slices.Contains(lost(), node) }) && strings.HasPrefix(change.Name, workload.Name)
	})
}

// compare compares the state with that before the loss.
func (w *workerLoss) compare(ctx context.Context) error {
	written, present, scaled, err := w.load.stop(ctx)
	if err != nil {
		return err
	}
	w.requests.compare(w.Rehearsal)
	w.Compare("objects written during the loss", written, present, written > 0 && written == present)
	w.Compare("scalings of a Deployment during the loss", "–", scaled, scaled > 0)
	for _, node := range lost() {
		machine, err := w.Cloud.Machine(node)
		if err != nil {
			return err
		}
		w.Compare("instance of "+node, w.instances[node], machine.ID, machine.ID != w.instances[node])
		if node != lostStore {
			continue
		}
		volume := dataVolume(machine)
		w.Compare("data volume of "+node, w.volume, volume, volume == w.volume)
		mark, err := os.ReadFile(filepath.Join(w.World.VolumeDir(volume), markFile))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("read the mark: %w", err)
		}
		w.Compare("mark on it", w.volume, string(mark), string(mark) == w.volume)
	}
	client, err := w.Client(ctx)
	if err != nil {
		return err
	}
	claims, err := boundClaims(ctx, client)
	if err != nil {
		return err
	}
	same := 0
	for claim, volume := range w.claims {
		if claims[claim] == volume && volume != "" {
			same++
		}
	}
	w.Compare("claims on the same volumes", len(w.claims), same, same == len(w.claims) && len(claims) == same)
	lasting, err := apiobjects.Lasting(ctx, w.World.Cluster().Admin())
	if err != nil {
		return err
	}
	compareLasting(w.Rehearsal, w.lasting, lasting)
	return nil
}
