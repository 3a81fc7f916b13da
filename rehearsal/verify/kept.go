package verify

import (
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
)

// helmManager is the field manager of Helm inside Pulumi's Kubernetes provider: the name of the plugin's program.
const helmManager = "pulumi-resource-kubernetes"

// Annotations and labels by which Helm marks its objects.
const (
	releaseNameAnnotation      = "meta.helm.sh/release-name"
	releaseNamespaceAnnotation = "meta.helm.sh/release-namespace"
	resourcePolicyAnnotation   = "helm.sh/resource-policy"
	resourcePolicyKeep         = "keep"
	recordOwnerLabel           = "owner"
	recordOwner                = "helm"
	recordNameLabel            = "name"
)

// Release is a Helm release in a cluster.
type Release struct{ Namespace, Name string }

// Kept lists the objects that a destroy leaves on purpose, in the words of Managed: those of the releases that Pulumi
// retains, with Helm's record of them, and those that charts mark as to be kept.
func Kept(ctx context.Context, config *rest.Config, retained []Release) ([]string, error) {
	var kept []string
	err := everyObject(ctx, config, []string{"events"}, func(kind string, object *unstructured.Unstructured) {
		if byPulumi(object) && isKept(kind, object, retained) {
			kept = append(kept, kind+" "+fullName(object))
		}
	})
	slices.Sort(kept)
	return kept, err
}

func isKept(kind string, object *unstructured.Unstructured, retained []Release) bool {
	annotations, labels := object.GetAnnotations(), object.GetLabels()
	release := Release{annotations[releaseNamespaceAnnotation], annotations[releaseNameAnnotation]}
	switch {
	case annotations[resourcePolicyAnnotation] == resourcePolicyKeep, slices.Contains(retained, release):
		return true
	case kind == "Secret" && labels[recordOwnerLabel] == recordOwner:
		return slices.Contains(retained, Release{object.GetNamespace(), labels[recordNameLabel]})
	case kind == "Namespace" && byHelm(object): // made for a release, by createNamespace
		return slices.ContainsFunc(retained, func(r Release) bool { return r.Namespace == object.GetName() })
	case kind == "CustomResourceDefinition" && byHelm(object) && release.Name == "":
		return true // out of a chart's folder crds, which Helm installs and never deletes
	}
	return false
}

func byHelm(object *unstructured.Unstructured) bool {
	return slices.ContainsFunc(object.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool { return entry.Manager == helmManager })
}
