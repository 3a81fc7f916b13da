package drills

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// load keeps an API server busy: it creates objects, and scales a Deployment whose pods are pinned to one node.
type load struct {
	client kubernetes.Interface
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu              sync.Mutex
	written, scaled int
	err             error
}

const (
	loadNamespace = "load"
	loadName      = "load"
	loadPause     = 100 * time.Millisecond
	loadReplicas  = 4
)

// startLoad starts the load. The Deployment's pods run on the given node only.
func startLoad(ctx context.Context, client kubernetes.Interface, node string) (*load, error) {
	ctx, cancel := context.WithCancel(ctx)
	l := &load{client: client, cancel: cancel}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: loadNamespace}}
	_, err := client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{})
	if err == nil {
		_, err = client.AppsV1().Deployments(loadNamespace).Create(ctx, loadDeployment(node), metav1.CreateOptions{})
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("start the load: %w", err)
	}
	l.done.Go(func() { l.repeat(ctx, l.write) })
	l.done.Go(func() { l.repeat(ctx, l.scale) })
	return l, nil
}

func loadDeployment(node string) *appsv1.Deployment {
	labels, one := map[string]string{"app": loadName}, int32(1)
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: loadName},
		Spec: appsv1.DeploymentSpec{
			Replicas: &one, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					NodeSelector: map[string]string{corev1.LabelHostname: node},
					Tolerations:  []corev1.Toleration{{Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule}},
					Containers: []corev1.Container{{Name: loadName, Image: "registry.k8s.io/pause:3.10", Resources: corev1.ResourceRequirements{
						Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1m"), corev1.ResourceMemory: resource.MustParse("1Mi")},
					}}},
				},
			},
		},
	}
}

// repeat calls work until the context ends or work fails.
func (l *load) repeat(ctx context.Context, work func(ctx context.Context, round int) error) {
	for round := 0; ; round++ {
		if err := work(ctx, round); err != nil && ctx.Err() == nil {
			l.mu.Lock()
			l.err = errors.Join(l.err, err)
			l.mu.Unlock()
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(loadPause):
		}
	}
}

func (l *load) write(ctx context.Context, round int) error {
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("load-%d", round), Labels: map[string]string{"app": loadName}}}
	if _, err := l.client.CoreV1().ConfigMaps(loadNamespace).Create(context.WithoutCancel(ctx), object, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("write under load: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.written++
	return nil
}

func (l *load) scale(ctx context.Context, round int) error {
	patch := fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, 1+round%loadReplicas)
	if _, err := l.client.AppsV1().Deployments(loadNamespace).Patch(context.WithoutCancel(ctx), loadName, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		return fmt.Errorf("scale under load: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.scaled++
	return nil
}

// stop ends the load, counts the objects that were written and those that are present, and deletes them.
func (l *load) stop(ctx context.Context) (written, present, scaled int, err error) {
	l.cancel()
	l.done.Wait()
	if l.err != nil {
		return 0, 0, 0, fmt.Errorf("a request under load failed: %w", l.err)
	}
	found, err := l.client.CoreV1().ConfigMaps(loadNamespace).List(ctx, metav1.ListOptions{LabelSelector: "app=" + loadName})
	if err != nil {
		return 0, 0, 0, fmt.Errorf("count the written objects: %w", err)
	}
	if err := l.client.CoreV1().Namespaces().Delete(ctx, loadNamespace, metav1.DeleteOptions{}); err != nil {
		return 0, 0, 0, fmt.Errorf("delete the load: %w", err)
	}
	return l.written, len(found.Items), l.scaled, nil
}
