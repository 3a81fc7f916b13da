package k8sprovider

import (
	"context"
	"fmt"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Delete removes an object and waits until it, and what it owns, is gone. A patch resource only lets go of its fields.
func (i *instance) Delete(ctx context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	ctx, done := i.Bound(ctx)
	defer done()
	if isHelm(req.GetUrn()) {
		return &emptypb.Empty{}, nil // nothing was installed
	}
	if err := i.reachable(); err != nil {
		if i.settings.deleteUnreachable {
			i.Log(req.GetUrn(), pulumirpc.LogSeverity_WARNING, "%v; deleteUnreachable is set: taken out of the state", err)
			return &emptypb.Empty{}, nil
		}
		return nil, fmt.Errorf("%w; if the cluster is gone for good, set PULUMI_K8S_DELETE_UNREACHABLE=true to forget its objects", err)
	}
	_, live, err := readState(req.GetProperties())
	if err != nil {
		return nil, fmt.Errorf("state of %s: %w", nameOf(req.GetUrn()), err)
	}
	if isPatch(req.GetUrn()) {
		err = i.relinquish(ctx, live, fieldManagerOf(req.GetProperties()))
	} else {
		err = i.remove(ctx, req.GetUrn(), live, req.GetTimeout())
	}
	if apierrors.IsNotFound(err) || noMatch(err) {
		return &emptypb.Empty{}, nil // somebody else was faster, or the kind itself is gone
	}
	if err != nil {
		return nil, fmt.Errorf("delete %s %s: %w", live.GetKind(), id(live), err)
	}
	return &emptypb.Empty{}, nil
}

func (i *instance) remove(ctx context.Context, urn string, object *unstructured.Unstructured, seconds float64) error {
	client, err := i.cluster.resource(object)
	if err != nil {
		return err
	}
	policy, err := propagation(object)
	if err != nil {
		return err
	}
	options := metav1.DeleteOptions{PropagationPolicy: &policy}
	if uid := object.GetUID(); uid != "" {
		options.Preconditions = &metav1.Preconditions{UID: &uid}
	}
	if err := client.Delete(ctx, object.GetName(), options); err != nil {
		if apierrors.IsConflict(err) {
			return nil // one of the same name that is not ours
		}
		return err
	}
	if annotation(object, skipAwaitAnnotation) == "true" {
		return nil
	}
	return i.awaitGone(ctx, urn, object, i.timeoutOf(object, seconds))
}

// propagation is foreground unless an annotation says otherwise (await.go, Deletion).
func propagation(object *unstructured.Unstructured) (metav1.DeletionPropagation, error) {
	switch strings.ToLower(annotation(object, propagationAnnotation)) {
	case "", "foreground":
		return metav1.DeletePropagationForeground, nil
	case "background":
		return metav1.DeletePropagationBackground, nil
	case "orphan":
		return metav1.DeletePropagationOrphan, nil
	}
	return "", fmt.Errorf("annotation %s is %q: it must be foreground, background or orphan",
		propagationAnnotation, annotation(object, propagationAnnotation))
}
