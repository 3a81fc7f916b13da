package k8sprovider

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Check names and normalizes an object, and refuses what this stand-in or the API server could not do with it.
func (i *instance) Check(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	if isHelm(req.GetUrn()) {
		return checkHelm(req)
	}
	object, inputs, err := readInputs(req.GetNews())
	if err != nil {
		return nil, fmt.Errorf("inputs of %s: %w", nameOf(req.GetUrn()), err)
	}
	old, _, err := readInputs(req.GetOlds())
	if err != nil {
		return nil, fmt.Errorf("old inputs of %s: %w", nameOf(req.GetUrn()), err)
	}
	if reason := refuse(req.GetUrn(), object); reason != "" {
		return failure(req, reason), nil
	}
	switch {
	case isPatch(req.GetUrn()):
		if object.GetName() == "" && !hasUnknown(object.Object["metadata"]) {
			return failure(req, "a patch resource needs the metadata.name of the object that it patches"), nil
		}
	case len(old.Object) > 0:
		err = adoptName(object, old)
	default:
		err = autoname(object, req)
	}
	if err != nil {
		return failure(req, err.Error()), nil
	}
	i.placeIn(object)
	if object, err = normalize(object); err != nil {
		return failure(req, err.Error()), nil
	}
	checked := fromObject(object.Object)
	keepSecrets(checked, inputs)
	properties, err := encode(checked)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CheckResponse{Inputs: properties}, nil
}

func failure(req *pulumirpc.CheckRequest, reason string) *pulumirpc.CheckResponse {
	return &pulumirpc.CheckResponse{
		Inputs:   req.GetNews(),
		Failures: []*pulumirpc.CheckFailure{{Reason: reason}},
	}
}

// refuse names what cannot be rehearsed by this stand-in, so that it is never silently left out.
func refuse(urn string, object *unstructured.Unstructured) string {
	kind, err := kindOf(urn)
	if err != nil {
		return err.Error()
	}
	if strings.HasSuffix(kind.Kind, "List") && object.Object["items"] != nil {
		return "list kinds cannot be created: use the kind of the items"
	}
	if name, _, _ := unstructured.NestedFieldNoCopy(object.Object, "metadata", "generateName"); name != nil {
		return "metadata.generateName is not possible with server-side apply: leave the name out and it is generated"
	}
	if annotation(object, waitForAnnotation) != "" {
		return "the annotation " + waitForAnnotation + " is not in this stand-in: install the real pulumi-kubernetes plugin to rehearse it"
	}
	wanted := object.GroupVersionKind()
	if given := object.Object["kind"]; given != nil && !hasUnknown(given) && wanted != kind {
		return fmt.Sprintf("apiVersion and kind say %s, the resource's type says %s", wanted, kind)
	}
	if object.Object["kind"] == nil {
		object.SetGroupVersionKind(kind)
	}
	return ""
}

// previewOnly answers a preview with the inputs alone: every other output then stays unknown.
func previewOnly(inputs resource.PropertyMap) (*pulumirpc.CreateResponse, error) {
	properties, err := encode(inputs)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CreateResponse{Properties: properties}, nil
}
