package k8sprovider

import (
	"context"
	"fmt"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Read fetches the live object: for a refresh with its old inputs, for an import with none.
func (i *instance) Read(ctx context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	ctx, done := i.Bound(ctx)
	defer done()
	if isHelm(req.GetUrn()) {
		return &pulumirpc.ReadResponse{Id: req.GetId(), Properties: req.GetProperties(), Inputs: req.GetInputs()}, nil
	}
	gone := &pulumirpc.ReadResponse{}
	if err := i.reachable(); err != nil {
		if i.settings.deleteUnreachable {
			i.Log(req.GetUrn(), pulumirpc.LogSeverity_WARNING, "%v; deleteUnreachable is set: taken out of the state", err)
			return gone, nil
		}
		return nil, fmt.Errorf("%w; if the cluster is gone for good, set PULUMI_K8S_DELETE_UNREACHABLE=true to forget its objects", err)
	}
	inputs, marks, err := readInputs(req.GetInputs())
	if err != nil {
		return nil, fmt.Errorf("inputs of %s: %w", nameOf(req.GetUrn()), err)
	}
	imported := len(inputs.Object) == 0
	at := &unstructured.Unstructured{Object: map[string]any{}}
	kind, err := kindOf(req.GetUrn())
	if err != nil {
		return nil, err
	}
	at.SetGroupVersionKind(kind)
	namespace, name := parseID(req.GetId())
	at.SetName(name)
	at.SetNamespace(namespace)
	live, err := i.cluster.get(ctx, at)
	if apierrors.IsNotFound(err) || noMatch(err) {
		return gone, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s %s: %w", kind.Kind, req.GetId(), err)
	}
	if imported {
		inputs = importedInputs(live)
	} else if inputs, err = normalize(inputs); err != nil {
		return nil, err
	} else {
		inputs = liveInputs(live, inputs)
	}
	manager := fieldManagerOf(req.GetProperties())
	if manager == "" {
		if manager, err = newManager(live); err != nil {
			return nil, err
		}
	}
	properties, err := writeState(inputs, live, marks, manager)
	if err != nil {
		return nil, err
	}
	given := fromObject(inputs.Object)
	keepSecrets(given, marks)
	encoded, err := encode(given)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.ReadResponse{Id: req.GetId(), Properties: properties, Inputs: encoded}, nil
}

// liveInputs is what the inputs would be today. A Secret's stringData exists on no server, so that it is kept as it was
// as long as the data still say the same.
func liveInputs(live, inputs *unstructured.Unstructured) *unstructured.Unstructured {
	folded := foldStringData(inputs)
	now := prune(live.Object, folded.Object)
	if _, ok := inputs.Object["stringData"]; ok && equal(now["data"], folded.Object["data"]) {
		if given, ok := inputs.Object["data"]; ok {
			now["data"] = given
		} else {
			delete(now, "data")
		}
		now["stringData"] = inputs.Object["stringData"]
	}
	return &unstructured.Unstructured{Object: now}
}

// importedInputs takes everything from the server that a program could have written.
func importedInputs(live *unstructured.Unstructured) *unstructured.Unstructured {
	inputs := live.DeepCopy()
	delete(inputs.Object, "status")
	for _, field := range serverFields {
		unstructured.RemoveNestedField(inputs.Object, "metadata", field)
	}
	unstructured.RemoveNestedField(inputs.Object, "metadata", "annotations", "deployment.kubernetes.io/revision")
	return inputs
}
