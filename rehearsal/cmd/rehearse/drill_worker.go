package main

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
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/rehearsal/verify"
)

// The nodes that lose their machine: one without data, one whose data must be there again.
const (
	lostWorker = "k8s-worker-ai"
	lostStore  = "k8s-redis"
	// markFile is put on the store's volume.
	markFile = "before-the-loss"
	// notReadyWithin is how long the controller manager may take to notice: 50 s of silence, and a look every 5.
	notReadyWithin = 2 * time.Minute
)

func init() {
	drills["worker"] = drill{
		about:  "two machines are lost under load, " + lostWorker + " and " + lostStore + "; pulumi up --refresh brings them back",
		phases: func(r *rehearsal) []phase { return new(workerLoss).phases(r) },
	}
}

// workerLoss is the drill's memory.
type workerLoss struct {
	r *rehearsal
	// instances and volume are those before; claims says which volume each claim has.
	instances map[string]string
	volume    string
	claims    map[string]string
	lasting   map[string]types.UID
	load      *load
}

func (w *workerLoss) phases(r *rehearsal) []phase {
	w.r = r
	return []phase{
		{"remember", w.remember},
		{"lose two machines", w.lose},
		{"up --refresh", w.recover},
		{"after the loss", w.judge},
	}
}

func lost() []string { return []string{lostWorker, lostStore} }

// remember notes what is there, marks the store's disk, and begins the load.
func (w *workerLoss) remember(ctx context.Context) error {
	w.instances = map[string]string{}
	for _, node := range lost() {
		machine, err := w.r.cloud.Machine(node)
		if err != nil {
			return err
		}
		w.instances[node] = machine.ID
		if node == lostStore {
			w.volume = dataVolume(machine)
		}
	}
	if err := os.WriteFile(filepath.Join(w.r.world.VolumeDir(w.volume), markFile), []byte(w.volume), 0o600); err != nil {
		return fmt.Errorf("mark the volume of %s: %w", lostStore, err)
	}
	client, err := w.r.client(ctx)
	if err != nil {
		return err
	}
	if w.claims, err = boundClaims(ctx, client); err != nil {
		return err
	}
	if w.lasting, err = verify.Lasting(ctx, w.r.world.Cluster().Admin()); err != nil {
		return err
	}
	w.load, err = startLoad(context.WithoutCancel(ctx), client, lostWorker)
	if err == nil {
		w.r.closers = append(w.r.closers, w.load.cancel)
	}
	return err
}

// dataVolume is the volume of a machine that is not its root disk.
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

// lose terminates both machines behind Pulumi's back and waits until the controller manager has noticed.
func (w *workerLoss) lose(ctx context.Context) error {
	for _, node := range lost() {
		if err := w.r.cloud.LoseInstance(node); err != nil {
			return err
		}
	}
	client, err := w.r.client(ctx)
	if err != nil {
		return err
	}
	deadline := time.Now().Add(notReadyWithin)
	for {
		silent, err := silentNodes(ctx, client)
		if err != nil {
			return err
		}
		if slices.Equal(silent, []string{lostStore, lostWorker}) {
			w.r.compare("nodes that the controller manager finds NotReady", 0, strings.Join(silent, ", "), true)
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("after %s the nodes that are not Ready are %q: they should be %q", notReadyWithin, silent, lost())
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
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

// recover is the one command that a person runs.
func (w *workerLoss) recover(ctx context.Context) error {
	result, err := w.r.engine.UpWith(ctx, "up-refresh", engine.How{Refresh: true})
	if err != nil {
		return err
	}
	var others []string
	for _, change := range result.Changes {
		if !slices.ContainsFunc(lost(), func(node string) bool { return strings.HasPrefix(change.Name, node) }) {
			others = append(others, change.String())
		}
	}
	w.r.compare("resources changed that belong to neither machine", "–", text(others), len(others) == 0 && result.Changed() > 0)
	return nil
}

// judge compares what is there now with what was.
func (w *workerLoss) judge(ctx context.Context) error {
	r := w.r
	written, present, scaled, err := w.load.stop(ctx)
	if err != nil {
		return err
	}
	r.compare("objects written while the machines were away", written, present, written > 0 && written == present)
	r.compare("changes of a Deployment's size meanwhile", "–", scaled, scaled > 0)
	for _, node := range lost() {
		machine, err := r.cloud.Machine(node)
		if err != nil {
			return err
		}
		r.compare("machine of "+node, w.instances[node], machine.ID, machine.ID != w.instances[node])
		if node != lostStore {
			continue
		}
		volume := dataVolume(machine)
		r.compare("data volume of "+node, w.volume, volume, volume == w.volume)
		mark, err := os.ReadFile(filepath.Join(r.world.VolumeDir(volume), markFile))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("read the mark: %w", err)
		}
		r.compare("mark on it", w.volume, string(mark), string(mark) == w.volume)
	}
	client, err := r.client(ctx)
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
	r.compare("claims on the same volumes", len(w.claims), same, same == len(w.claims) && len(claims) == same)
	lasting, err := verify.Lasting(ctx, r.world.Cluster().Admin())
	if err != nil {
		return err
	}
	r.compareLasting(w.lasting, lasting)
	return nil
}
