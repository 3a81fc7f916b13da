package k8sprovider

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Annotations that pulumi-kubernetes gives a meaning (provider/pkg/metadata).
const (
	autonamedAnnotation   = "pulumi.com/autonamed"
	skipAwaitAnnotation   = "pulumi.com/skipAwait"
	timeoutAnnotation     = "pulumi.com/timeoutSeconds"
	forceAnnotation       = "pulumi.com/patchForce"
	managerAnnotation     = "pulumi.com/patchFieldManager"
	propagationAnnotation = "pulumi.com/deletionPropagationPolicy"
	waitForAnnotation     = "pulumi.com/waitFor"
)

// FieldManagerPrefix begins the name of every field manager that Pulumi applies with; by it a live object is known to be
// Pulumi's. (With server-side apply the real provider sets no managed-by label.)
const FieldManagerPrefix = "pulumi-kubernetes-"

func isAutonamed(object *unstructured.Unstructured) bool {
	return annotation(object, autonamedAnnotation) == "true"
}

func annotation(object *unstructured.Unstructured, name string) string {
	value, _, _ := unstructured.NestedFieldNoCopy(object.Object, "metadata", "annotations", name)
	text, _ := value.(string)
	return text
}

// isPatch tells the SDK's patch types, like kubernetes:core/v1:NodePatch, from a kind that merely ends so.
func isPatch(urn string) bool {
	name := string(resource.URN(urn).Type().Name())
	return strings.HasSuffix(name, "Patch") && name != "Patch"
}

// kindOf is the kind named by a resource's type.
func kindOf(urn string) (schema.GroupVersionKind, error) {
	token := resource.URN(urn).Type()
	group, version, ok := strings.Cut(string(token.Module().Name()), "/")
	if !ok {
		return schema.GroupVersionKind{}, fmt.Errorf("%s is no kind of Kubernetes: this stand-in does not have it", token)
	}
	if group == "core" {
		group = ""
	}
	kind := string(token.Name())
	if isPatch(urn) {
		kind = strings.TrimSuffix(kind, "Patch")
	}
	return schema.GroupVersionKind{Group: group, Version: version, Kind: kind}, nil
}

// autoname gives an object that has none a name of its own: the resource's name and eight random hex digits, or what the
// stack's autonaming settings say.
func autoname(object *unstructured.Unstructured, req *pulumirpc.CheckRequest) error {
	metadata, ok := object.Object["metadata"].(map[string]any)
	if !ok && object.Object["metadata"] != nil {
		return nil // unknown until the deployment
	}
	if metadata == nil {
		metadata = map[string]any{}
		object.Object["metadata"] = metadata
	}
	if metadata["name"] != nil {
		return nil
	}
	name := req.GetAutonaming().GetProposedName()
	if req.GetAutonaming().GetMode() == pulumirpc.CheckRequest_AutonamingOptions_DISABLE {
		return fmt.Errorf("automatic naming is disabled: set metadata.name")
	}
	if name == "" {
		var err error
		base := strings.ToLower(nameOf(req.GetUrn()))
		if name, err = resource.NewUniqueName(req.GetRandomSeed(), base+"-", 0, 0, nil); err != nil {
			return fmt.Errorf("make a name: %w", err)
		}
	}
	metadata["name"] = name
	return annotate(metadata, autonamedAnnotation)
}

// adoptName keeps the generated name of an object that already exists.
func adoptName(object, old *unstructured.Unstructured) error {
	metadata, ok := object.Object["metadata"].(map[string]any)
	if !ok && object.Object["metadata"] != nil || metadata["name"] != nil || !isAutonamed(old) {
		return nil
	}
	if metadata == nil {
		metadata = map[string]any{}
		object.Object["metadata"] = metadata
	}
	metadata["name"] = old.GetName()
	return annotate(metadata, autonamedAnnotation)
}

func annotate(metadata map[string]any, name string) error {
	annotations, ok := metadata["annotations"].(map[string]any)
	if !ok {
		if _, later := metadata["annotations"].(unknown); later {
			return nil
		}
		if metadata["annotations"] != nil {
			return fmt.Errorf("metadata.annotations is not a map")
		}
		annotations = map[string]any{}
		metadata["annotations"] = annotations
	}
	annotations[name] = "true"
	return nil
}

// id is how a live object is found again: namespace/name, or the name alone.
func id(object *unstructured.Unstructured) string {
	if object.GetNamespace() == "" {
		return object.GetName()
	}
	return object.GetNamespace() + "/" + object.GetName()
}

func parseID(id string) (namespace, name string) {
	if before, after, ok := strings.Cut(id, "/"); ok {
		return before, after
	}
	return "", id
}
