package verify

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// PodsBehind returns the ready pods that a node port leads to. kube-proxy forwards from any node.
func (s *Snapshot) PodsBehind(nodePort int) (pods []*corev1.Pod) {
	for _, service := range s.Services {
		if !slices.ContainsFunc(service.Spec.Ports, func(p corev1.ServicePort) bool { return int(p.NodePort) == nodePort }) {
			continue
		}
		selected := labels.SelectorFromSet(service.Spec.Selector)
		for i := range s.Pods {
			pod := &s.Pods[i]
			ready, _ := podReady(pod)
			if ready && pod.Namespace == service.Namespace && selected.Matches(labels.Set(pod.Labels)) {
				pods = append(pods, pod)
			}
		}
	}
	return pods
}
