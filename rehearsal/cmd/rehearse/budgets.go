package main

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

// budgets counts, with every change of a pod, how many healthy ones each PodDisruptionBudget has. It counts for itself: a
// budget's own status comes later, and might skip a short fall.
type budgets struct {
	mu sync.Mutex
	// rules are the budgets, by namespace/name.
	rules map[string]*rule
}

type rule struct {
	namespace string
	selector  labels.Selector
	// wanted is how many must be healthy, least how few were.
	wanted, least int
	healthy       map[types.UID]bool
}

// watchBudgets begins to count and goes on until the context ends. The API server may be away meanwhile.
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
		AddFunc:    func(object any) { b.see(object, true) },
		UpdateFunc: func(_, object any) { b.see(object, true) },
		DeleteFunc: func(object any) {
			if unknown, ok := object.(cache.DeletedFinalStateUnknown); ok {
				object = unknown.Obj
			}
			b.see(object, false)
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

// begin takes what is there now as the least so far; before, the pods came in one by one.
func (b *budgets) begin() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, rule := range b.rules {
		rule.least = len(rule.healthy)
	}
}

func (b *budgets) see(object any, exists bool) {
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

// healthy is what counts for a budget: a pod that is Ready and not about to end.
func healthy(pod *corev1.Pod) bool {
	if pod.DeletionTimestamp != nil {
		return false
	}
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// broken lists the budgets that had fewer healthy pods than they want at some time; count is how many budgets there are.
func (b *budgets) broken() (list []string, count int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(b.rules)) {
		if rule := b.rules[name]; rule.least < rule.wanted {
			list = append(list, fmt.Sprintf("%s had %d of the %d it wants", name, rule.least, rule.wanted))
		}
	}
	return list, len(b.rules)
}
