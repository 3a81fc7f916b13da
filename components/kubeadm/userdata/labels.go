package userdata

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	kubeletapis "k8s.io/kubelet/pkg/apis"

	"github.com/growbin/cluster/components/validation"
)

// CheckLabels reports labels that a kubelet cannot set on its own node. With one of the reserved labels, e.g.
// node-role.kubernetes.io/…, a kubelet does not start.
func CheckLabels(labels map[string]string) error {
	var problems validation.Problems
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		if reserved(key) && !kubeletapis.IsKubeletLabel(key) {
			problems.Add("Labels["+key+"]", labels[key], "must not be set by a kubelet, which would not start: patch the Node, or use a key outside kubernetes.io and k8s.io")
		}
		for _, reason := range utilvalidation.IsQualifiedName(key) {
			problems.Add("Labels", key, "must be a label key: %s", reason)
		}
		for _, reason := range utilvalidation.IsValidLabelValue(labels[key]) {
			problems.Add("Labels["+key+"]", labels[key], "must be a label value: %s", reason)
		}
	}
	return problems.Err()
}

// reserved follows isKubernetesLabel of kubelet 1.36, cmd/kubelet/app/options/options.go.
func reserved(key string) bool {
	namespace, _, found := strings.Cut(key, "/")
	if !found {
		return false
	}
	for _, domain := range []string{"kubernetes.io", "k8s.io"} {
		if namespace == domain || strings.HasSuffix(namespace, "."+domain) {
			return true
		}
	}
	return false
}

// CheckTaints reports taints that the API server would reject, and keys set twice with the same effect.
func CheckTaints(taints []corev1.Taint) error {
	effects := []corev1.TaintEffect{corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute}
	var problems validation.Problems
	seen := map[string]bool{}
	for _, taint := range taints {
		for _, reason := range utilvalidation.IsQualifiedName(taint.Key) {
			problems.Add("Taints", taint.Key, "must be a taint key: %s", reason)
		}
		for _, reason := range utilvalidation.IsValidLabelValue(taint.Value) {
			problems.Add("Taints["+taint.Key+"]", taint.Value, "must be a label value: %s", reason)
		}
		if !slices.Contains(effects, taint.Effect) {
			problems.Add("Taints["+taint.Key+"]", taint.Effect, "must be one of %v", effects)
		}
		identity := taint.Key + ":" + string(taint.Effect)
		if seen[identity] {
			problems.Add("Taints", identity, "must be unique")
		}
		seen[identity] = true
	}
	return problems.Err()
}
