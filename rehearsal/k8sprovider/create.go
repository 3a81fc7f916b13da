package k8sprovider

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Create applies an object and waits until it does its work.
func (i *instance) Create(ctx context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	ctx, done := i.Bound(ctx)
	defer done()
	if isHelm(req.GetUrn()) {
		return i.createHelm(req)
	}
	object, inputs, err := readInputs(req.GetProperties())
	if err != nil {
		return nil, fmt.Errorf("inputs of %s: %w", nameOf(req.GetUrn()), err)
	}
	if req.GetPreview() {
		return i.previewCreate(ctx, req.GetUrn(), object, inputs)
	}
	if err := i.reachable(); err != nil {
		return nil, err
	}
	manager, err := newManager(object)
	if err != nil {
		return nil, err
	}
	live, err := i.create(ctx, req.GetUrn(), object, manager)
	if noMatch(err) {
		return nil, fmt.Errorf("create %s %s: the API server does not have this kind; is its CustomResourceDefinition there? %w",
			object.GetKind(), object.GetName(), err)
	}
	if err != nil {
		return nil, fmt.Errorf("create %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	live, waitErr := i.await(ctx, req.GetUrn(), object, live, req.GetTimeout())
	properties, err := writeState(object, live, inputs, manager)
	if err != nil {
		return nil, err
	}
	if waitErr != nil {
		return nil, initFailed(id(live), waitErr, &pulumirpc.ErrorResourceInitFailed{Properties: properties})
	}
	return &pulumirpc.CreateResponse{Id: id(live), Properties: properties}, nil
}

// previewCreate asks the API server what it would make of the object, if it can be asked: it is there, it knows the kind
// and the object is fully known.
func (i *instance) previewCreate(
	ctx context.Context, urn string, object *unstructured.Unstructured, inputs resource.PropertyMap,
) (*pulumirpc.CreateResponse, error) {
	if i.reachable() != nil || isPatch(urn) || hasUnknown(object.Object) || !i.cluster.knows(object.GroupVersionKind()) {
		return previewOnly(inputs)
	}
	manager, err := newManager(object)
	if err != nil {
		return nil, err
	}
	live, err := i.apply(ctx, object, manager, true)
	switch {
	case apierrors.IsNotFound(err), apierrors.IsForbidden(err), apierrors.IsConflict(err):
		// Its namespace comes later, a dry run is not allowed, or it replaces one of its own name.
		return previewOnly(inputs)
	case err != nil:
		return nil, fmt.Errorf("the API server would refuse %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	delete(live.Object, "status") // empty in a dry run: it must stay unknown
	properties, err := writeState(object, live, inputs, manager)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CreateResponse{Properties: properties}, nil
}

// initFailed reports an object that exists but did not come to work. The engine keeps it in the state and tries again
// with the next update.
func initFailed(id string, err error, detail *pulumirpc.ErrorResourceInitFailed) error {
	detail.Id = id
	detail.Reasons = []string{err.Error()}
	message := fmt.Sprintf("%s was applied, but does not work yet: %v", id, err)
	return rpcerror.WithDetails(rpcerror.New(codes.Unknown, message), detail)
}
