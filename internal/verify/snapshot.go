package verify

import (
	"context"
	"errors"
	"fmt"
	"sort"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Snapshot is the state of the cluster at one time, as the API server reports it.
type Snapshot struct {
	Version      string
	Nodes        []corev1.Node
	Pods         []corev1.Pod
	ReplicaSets  []appsv1.ReplicaSet
	Deployments  []appsv1.Deployment
	StatefulSets []appsv1.StatefulSet
	DaemonSets   []appsv1.DaemonSet
	Claims       []corev1.PersistentVolumeClaim
	Services     []corev1.Service
	CronJobs     []batchv1.CronJob
}

// Observe lists the objects that are compared.
func Observe(ctx context.Context, client kubernetes.Interface) (*Snapshot, error) {
	s := &Snapshot{}
	version, err := client.Discovery().ServerVersion()
	if err != nil {
		return nil, fmt.Errorf("read the version of the API server: %w", err)
	}
	s.Version = version.GitVersion
	core, apps, all := client.CoreV1(), client.AppsV1(), metav1.NamespaceAll
	nodes, err1 := core.Nodes().List(ctx, metav1.ListOptions{})
	pods, err2 := core.Pods(all).List(ctx, metav1.ListOptions{})
	claims, err3 := core.PersistentVolumeClaims(all).List(ctx, metav1.ListOptions{})
	services, err8 := core.Services(all).List(ctx, metav1.ListOptions{})
	replicaSets, err4 := apps.ReplicaSets(all).List(ctx, metav1.ListOptions{})
	deployments, err5 := apps.Deployments(all).List(ctx, metav1.ListOptions{})
	statefulSets, err6 := apps.StatefulSets(all).List(ctx, metav1.ListOptions{})
	daemonSets, err7 := apps.DaemonSets(all).List(ctx, metav1.ListOptions{})
	jobs, err9 := client.BatchV1().CronJobs(all).List(ctx, metav1.ListOptions{})
	if err := errors.Join(err1, err2, err3, err4, err5, err6, err7, err8, err9); err != nil {
		return nil, fmt.Errorf("list the objects of the cluster: %w", err)
	}
	s.Nodes, s.Pods, s.Claims = nodes.Items, pods.Items, claims.Items
	s.Services, s.CronJobs = services.Items, jobs.Items
	s.ReplicaSets, s.Deployments = replicaSets.Items, deployments.Items
	s.StatefulSets, s.DaemonSets = statefulSets.Items, daemonSets.Items
	sort.Slice(s.Pods, func(a, b int) bool { return FullName(&s.Pods[a]) < FullName(&s.Pods[b]) })
	return s, nil
}

// FullName is namespace/name, or the name alone of a cluster-scoped object.
func FullName(object metav1.Object) string {
	if object.GetNamespace() == "" {
		return object.GetName()
	}
	return object.GetNamespace() + "/" + object.GetName()
}

// controller is the topmost owner of a pod: its Deployment, StatefulSet, DaemonSet or Job, or the node of a static pod.
func (s *Snapshot) controller(pod *corev1.Pod) (kind, name string) {
	owner := metav1.GetControllerOf(pod)
	if owner == nil {
		return "", ""
	}
	if owner.Kind != "ReplicaSet" {
		return owner.Kind, owner.Name
	}
	for i := range s.ReplicaSets {
		set := &s.ReplicaSets[i]
		if set.UID == owner.UID {
			if above := metav1.GetControllerOf(set); above != nil {
				return above.Kind, above.Name
			}
		}
	}
	return owner.Kind, owner.Name
}

// appLabels are the labels with the name of an object's application, the preferred one first.
var appLabels = []string{"app.kubernetes.io/name", "app"}

// App is the name of a pod's application: its label, or else the name of its controller.
func (s *Snapshot) App(pod *corev1.Pod) string {
	for _, label := range appLabels {
		if name := pod.Labels[label]; name != "" {
			return name
		}
	}
	_, name := s.controller(pod)
	return name
}

// PodsOn lists the pods of a node, except for finished ones.
func (s *Snapshot) PodsOn(node string) []*corev1.Pod {
	var pods []*corev1.Pod
	for i := range s.Pods {
		if pod := &s.Pods[i]; pod.Spec.NodeName == node && !finished(pod) {
			pods = append(pods, pod)
		}
	}
	return pods
}

func finished(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}
