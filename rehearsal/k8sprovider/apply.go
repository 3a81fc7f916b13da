package k8sprovider

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// newManager makes the name under which an object's fields will be owned, unless the program chose one.
func newManager(object *unstructured.Unstructured) (string, error) {
	if chosen := annotation(object, managerAnnotation); chosen != "" {
		return chosen, nil
	}
	return resource.NewUniqueName(nil, FieldManagerPrefix, 0, 0, nil)
}

// apply sends an object by server-side apply. Unknown fields are errors: a misspelt property must not look deployed.
func (i *instance) apply(
	ctx context.Context, object *unstructured.Unstructured, manager string, dryRun bool,
) (*unstructured.Unstructured, error) {
	client, err := i.cluster.resource(object)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(foldStringData(object).Object)
	if err != nil {
		return nil, fmt.Errorf("write %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	force := i.settings.patchForce || annotation(object, forceAnnotation) == "true"
	options := metav1.PatchOptions{
		FieldManager: manager, Force: &force, FieldValidation: metav1.FieldValidationStrict,
	}
	if dryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	live, err := client.Patch(ctx, object.GetName(), types.ApplyPatchType, body, options)
	if apierrors.IsConflict(err) {
		return nil, fmt.Errorf("another field manager owns a field of this object; set the annotation %s to \"true\" to take it: %w",
			forceAnnotation, err)
	}
	return live, err
}

// Retries of a creation: the namespace or the kind may be on its way (await.go, Creation: five retries, doubling).
const (
	createRetries = 5
	createBackoff = time.Second
)

// create applies an object that must not exist yet; since 4.29 the real provider takes over nothing that is there.
func (i *instance) create(
	ctx context.Context, urn string, object *unstructured.Unstructured, manager string,
) (*unstructured.Unstructured, error) {
	pause := createBackoff
	for attempt := 0; ; attempt++ {
		live, err := i.createOnce(ctx, urn, object, manager)
		if err == nil || attempt == createRetries || !apierrors.IsNotFound(err) && !noMatch(err) {
			return live, err
		}
		i.Status(urn, "retry %d of %d: %v", attempt+1, createRetries, err)
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(pause):
		}
		pause *= 2
	}
}

func (i *instance) createOnce(
	ctx context.Context, urn string, object *unstructured.Unstructured, manager string,
) (*unstructured.Unstructured, error) {
	existing, err := i.cluster.get(ctx, object)
	switch {
	case isPatch(urn) && err != nil:
		return nil, fmt.Errorf("a patch resource needs an object that exists: %w", err)
	case isPatch(urn):
	case err == nil && !i.settings.upsert:
		mapping, mapErr := i.cluster.mapping(object.GroupVersionKind())
		if mapErr != nil {
			return nil, mapErr
		}
		return nil, apierrors.NewAlreadyExists(mapping.Resource.GroupResource(), existing.GetName())
	case err != nil && !apierrors.IsNotFound(err):
		return nil, err
	}
	return i.apply(ctx, object, manager, false)
}

// relinquish gives up the fields that a manager owns: what nobody else owns goes away, the object stays.
func (i *instance) relinquish(ctx context.Context, object *unstructured.Unstructured, manager string) error {
	empty := &unstructured.Unstructured{Object: map[string]any{}}
	empty.SetGroupVersionKind(object.GroupVersionKind())
	empty.SetName(object.GetName())
	empty.SetNamespace(object.GetNamespace())
	if _, err := i.cluster.get(ctx, empty); err != nil {
		return err
	}
	_, err := i.apply(ctx, empty, manager, false)
	return err
}
