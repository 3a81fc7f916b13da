package drills

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/stacks"
)

// replicas watches the Deployments of the applications with a disruption budget of one pod: each may lack one, not more.
type replicas struct {
	stop context.CancelFunc
	mu   sync.Mutex
	// lacking is the largest number of pods that an application lacked, by name.
	lacking map[string]int
}

// watchReplicas watches until compare, or until the drill ends.
func watchReplicas(ctx context.Context, r *rehearsal.Rehearsal, client kubernetes.Interface) (*replicas, error) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	w := &replicas{stop: stop, lacking: map[string]int{}}
	r.Defer(stop)
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(stacks.ReleaseNamespace))
	informer := factory.Apps().V1().Deployments().Informer()
	see := func(object any) {
		d, ok := object.(*appsv1.Deployment)
		if !ok || d.Spec.Replicas == nil {
			return
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.lacking[d.Name] = max(w.lacking[d.Name], int(*d.Spec.Replicas-d.Status.AvailableReplicas))
	}
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: see, UpdateFunc: func(_, object any) { see(object) }}); err != nil {
		return nil, fmt.Errorf("watch the Deployments: %w", err)
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	return w, nil
}

// compare ends the watch and reports the applications that lacked more than one pod.
func (w *replicas) compare(r *rehearsal.Rehearsal) {
	w.stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	var short []string
	for _, name := range slices.Sorted(maps.Keys(w.lacking)) {
		if w.lacking[name] > 1 {
			short = append(short, fmt.Sprintf("%s %d", name, w.lacking[name]))
		}
	}
	r.Compare("applications that lacked more than one pod at a time", "none", join(short), len(short) == 0 && len(w.lacking) > 0)
}
