package k8sprovider

import (
	"context"
	"fmt"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Update applies the changed object under the same field manager, so that what left the program leaves the object, and
// waits as Create does.
func (i *instance) Update(ctx context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	ctx, done := i.Bound(ctx)
	defer done()
	if isHelm(req.GetUrn()) {
		return i.updateHelm(req)
	}
	object, inputs, err := readInputs(req.GetNews())
	if err != nil {
		return nil, fmt.Errorf("inputs of %s: %w", nameOf(req.GetUrn()), err)
	}
	if req.GetPreview() && (i.reachable() != nil || hasUnknown(object.Object) || !i.cluster.knows(object.GroupVersionKind())) {
		return &pulumirpc.UpdateResponse{Properties: req.GetNews()}, nil
	}
	if err := i.reachable(); err != nil {
		return nil, err
	}
	before := fieldManagerOf(req.GetOlds())
	manager := before
	if chosen := annotation(object, managerAnnotation); chosen != "" {
		manager = chosen
	}
	if _, err := i.cluster.get(ctx, object); err != nil {
		return nil, fmt.Errorf("update %s %s: %w (`pulumi refresh` brings the state up to date)", object.GetKind(), object.GetName(), err)
	}
	live, err := i.apply(ctx, object, manager, req.GetPreview())
	if err != nil {
		return nil, fmt.Errorf("update %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	var waitErr error
	if !req.GetPreview() {
		live, waitErr = i.await(ctx, req.GetUrn(), object, live, req.GetTimeout())
	}
	properties, err := writeState(object, live, inputs, manager)
	if err != nil {
		return nil, err
	}
	if waitErr != nil {
		return nil, initFailed(id(live), waitErr, &pulumirpc.ErrorResourceInitFailed{Properties: properties})
	}
	if !req.GetPreview() && before != "" && before != manager {
		if err := i.relinquish(ctx, live, before); err != nil {
			return nil, fmt.Errorf("give up the fields of the old field manager of %s: %w", id(live), err)
		}
	}
	return &pulumirpc.UpdateResponse{Properties: properties}, nil
}
