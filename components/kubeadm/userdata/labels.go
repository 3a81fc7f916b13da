package userdata

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	kubeletapis "k8s.io/kubelet/pkg/apis"
)

// CheckLabels reports every label that a kubelet could not give to its own node. A kubelet that is told to set one of
// the reserved labels (node-role.kubernetes.io/… above all) does not start.
func CheckLabels(labels map[string]string) error {
	var problems []error
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		if reserved(key) && !kubeletapis.IsKubeletLabel(key) {
			problems = append(problems, fmt.Errorf("label %q: a kubelet may not set it on its own node and would not start; set it from outside, or use a key outside kubernetes.io and k8s.io", key))
		}
		for _, message := range validation.IsQualifiedName(key) {
			problems = append(problems, fmt.Errorf("label key %q: %s", key, message))
		}
		for _, message := range validation.IsValidLabelValue(labels[key]) {
			problems = append(problems, fmt.Errorf("label %q has the value %q: %s", key, labels[key], message))
		}
	}
	return errors.Join(problems...)
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

// CheckTaints reports every taint that the API server would refuse, and keys set twice with the same effect.
func CheckTaints(taints []corev1.Taint) error {
	effects := []corev1.TaintEffect{corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute}
	var problems []error
	seen := map[string]bool{}
	for _, taint := range taints {
		for _, message := range validation.IsQualifiedName(taint.Key) {
			problems = append(problems, fmt.Errorf("taint key %q: %s", taint.Key, message))
		}
		for _, message := range validation.IsValidLabelValue(taint.Value) {
			problems = append(problems, fmt.Errorf("taint %q has the value %q: %s", taint.Key, taint.Value, message))
		}
		if !slices.Contains(effects, taint.Effect) {
			problems = append(problems, fmt.Errorf("taint %q has the effect %q: one of %v is right", taint.Key, taint.Effect, effects))
		}
		identity := taint.Key + ":" + string(taint.Effect)
		if seen[identity] {
			problems = append(problems, fmt.Errorf("taint %s is given twice", identity))
		}
		seen[identity] = true
	}
	return errors.Join(problems...)
}
