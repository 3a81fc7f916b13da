package drills

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// podMetrics answers as metrics-server: all running pods use a share of their CPU requests, in percent.
type podMetrics struct {
	client  kubernetes.Interface
	percent atomic.Int64
}

const metricsVersion = "metrics.k8s.io/v1beta1"

// ServeHTTP implements http.Handler.
func (m *podMetrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const root = "/apis/" + metricsVersion
	path, found := strings.CutPrefix(r.URL.Path, root)
	namespace, isPods := strings.CutPrefix(strings.TrimSuffix(path, "/pods"), "/namespaces/")
	var answer any
	switch {
	case found && (path == "" || path == "/"):
		answer = metav1.APIResourceList{
			TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: metricsVersion,
			APIResources: []metav1.APIResource{{Name: "pods", Namespaced: true, Kind: "PodMetrics", Verbs: metav1.Verbs{"get", "list"}}},
		}
	case found && isPods && strings.HasSuffix(path, "/pods"):
		pods, err := m.client.CoreV1().Pods(namespace).List(r.Context(), metav1.ListOptions{LabelSelector: r.URL.Query().Get("labelSelector")})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answer = m.usage(pods.Items)
	default:
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

func (m *podMetrics) usage(pods []corev1.Pod) map[string]any {
	items := []any{}
	for i := range pods {
		pod := &pods[i]
		if pod.Status.Phase != corev1.PodRunning {
			continue
		}
		var containers []any
		for _, c := range pod.Spec.Containers {
			containers = append(containers, map[string]any{"name": c.Name, "usage": map[string]any{
				"cpu": fmt.Sprintf("%dm", c.Resources.Requests.Cpu().MilliValue()*m.percent.Load()/100), "memory": "1Mi",
			}})
		}
		items = append(items, map[string]any{
			"metadata":  map[string]any{"name": pod.Name, "namespace": pod.Namespace, "labels": pod.Labels},
			"timestamp": time.Now().UTC().Format(time.RFC3339), "window": "1s", "containers": containers,
		})
	}
	return map[string]any{"kind": "PodMetricsList", "apiVersion": metricsVersion, "metadata": map[string]any{}, "items": items}
}
