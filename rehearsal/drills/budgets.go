package drills

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// budgets counts the healthy pods of each PodDisruptionBudget at every change of a pod. The budget's own status is updated
// later and could miss a short violation.
type budgets struct {
	mu sync.Mutex
	// rules maps each budget's namespace/name to its counts.
	rules map[string]*rule
}

type rule struct {
	namespace string
	selector  labels.Selector
	// wanted is the number of pods that must be healthy, least the lowest number so far.
	wanted, least int
	healthy       map[types.UID]bool
}

// watchBudgets counts until the context ends. The API server may be down meanwhile.
func watchBudgets(ctx context.Context, client kubernetes.Interface) (*budgets, error) {
	list, err := client.PolicyV1().PodDisruptionBudgets(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list PodDisruptionBudgets: %w", err)
	}
	b := &budgets{rules: map[string]*rule{}}
	for i := range list.Items {
		budget := &list.Items[i]
		selector, err := metav1.LabelSelectorAsSelector(budget.Spec.Selector)
		if err != nil {
			return nil, fmt.Errorf("PodDisruptionBudget %s/%s: %w", budget.Namespace, budget.Name, err)
		}
		b.rules[budget.Namespace+"/"+budget.Name] = &rule{
			namespace: budget.Namespace, selector: selector, wanted: int(budget.Status.DesiredHealthy), least: -1, healthy: map[types.UID]bool{},
		}
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	informer := factory.Core().V1().Pods().Informer()
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { b.observe(object, true) },
		UpdateFunc: func(_, object any) { b.observe(object, true) },
		DeleteFunc: func(object any) {
			if unknown, ok := object.(cache.DeletedFinalStateUnknown); ok {
				object = unknown.Obj
			}
			b.observe(object, false)
		},
	}); err != nil {
		return nil, fmt.Errorf("watch pods: %w", err)
	}
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return nil, fmt.Errorf("watch pods: %w", ctx.Err())
	}
	b.begin()
	return b, nil
}

// begin resets the lowest numbers once all pods have been listed.
func (b *budgets) begin() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, rule := range b.rules {
		rule.least = len(rule.healthy)
	}
}

func (b *budgets) observe(object any, exists bool) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, rule := range b.rules {
		if pod.Namespace != rule.namespace || !rule.selector.Matches(labels.Set(pod.Labels)) {
			continue
		}
		if exists && healthy(pod) {
			rule.healthy[pod.UID] = true
		} else {
			delete(rule.healthy, pod.UID)
		}
		rule.least = min(rule.least, len(rule.healthy))
	}
}

// healthy reports whether a pod counts for a budget: it is Ready and not being deleted.
func healthy(pod *corev1.Pod) bool {
	if pod.DeletionTimestamp != nil {
		return false
	}
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// broken lists the budgets that were violated at any time; count is the number of all budgets.
func (b *budgets) broken() (list []string, count int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(b.rules)) {
		if rule := b.rules[name]; rule.least < rule.wanted {
			list = append(list, fmt.Sprintf("%s had %d of %d healthy pods", name, rule.least, rule.wanted))
		}
	}
	return list, len(b.rules)
}
