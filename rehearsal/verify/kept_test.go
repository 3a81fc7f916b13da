package verify

import (
	"testing"

	"github.com/stretchr/testify/assert"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestIsKept(t *testing.T) {
	retained := []Release{{"network", "operator"}}
	of := func(namespace, name string) map[string]string {
		return map[string]string{releaseNamespaceAnnotation: namespace, releaseNameAnnotation: name}
	}
	record := func(name string) map[string]string {
		return map[string]string{recordOwnerLabel: recordOwner, recordNameLabel: name}
	}
	for name, test := range map[string]struct {
		kind, namespace, name string
		annotations, labels   map[string]string
		manager               string
		want                  bool
	}{
		"object of a retained release":      {"Deployment", "network", "operator", of("network", "operator"), nil, helmManager, true},
		"cluster-wide object of it":         {"ClusterRole", "", "operator", of("network", "operator"), nil, helmManager, true},
		"object of another release":         {"Deployment", "tools", "server", of("tools", "server"), nil, helmManager, false},
		"release of that name elsewhere":    {"Deployment", "tools", "operator", of("tools", "operator"), nil, helmManager, false},
		"kept by its chart":                 {"CustomResourceDefinition", "", "a.example.com", map[string]string{resourcePolicyAnnotation: resourcePolicyKeep}, nil, helmManager, true},
		"another policy":                    {"ConfigMap", "tools", "a", map[string]string{resourcePolicyAnnotation: "drop"}, nil, helmManager, false},
		"out of a chart's crds":             {"CustomResourceDefinition", "", "a.example.com", nil, nil, helmManager, true},
		"definition that a release deletes": {"CustomResourceDefinition", "", "a.example.com", of("tools", "server"), nil, helmManager, false},
		"definition of the program":         {"CustomResourceDefinition", "", "a.example.com", nil, nil, "pulumi-kubernetes-1", false},
		"record of a retained release":      {"Secret", "network", "sh.helm.release.v1.operator.v1", nil, record("operator"), "pulumi-kubernetes", true},
		"record of another":                 {"Secret", "network", "sh.helm.release.v1.server.v1", nil, record("server"), "pulumi-kubernetes", false},
		"secret of the program":             {"Secret", "network", "operator", nil, nil, "pulumi-kubernetes-1", false},
		"namespace made for the release":    {"Namespace", "", "network", nil, nil, helmManager, true},
		"namespace of the program":          {"Namespace", "", "network", nil, nil, "pulumi-kubernetes-1", false},
		"namespace made for another":        {"Namespace", "", "tools", nil, nil, helmManager, false},
	} {
		t.Run(name, func(t *testing.T) {
			object := &unstructured.Unstructured{Object: map[string]any{}}
			object.SetNamespace(test.namespace)
			object.SetName(test.name)
			object.SetAnnotations(test.annotations)
			object.SetLabels(test.labels)
			object.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: test.manager}})
			assert.Equal(t, test.want, isKept(test.kind, object, retained))
			assert.True(t, byPulumi(object), "a destroy would otherwise not look at it")
		})
	}
}
