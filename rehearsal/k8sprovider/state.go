package k8sprovider

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"google.golang.org/protobuf/types/known/structpb"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The keys under which the real provider keeps its own notes in an object's state (provider.go, checkpointObject). The
// same are used here, so a stack could change hands.
const (
	inputsKey       = resource.PropertyKey("__inputs")
	fieldManagerKey = resource.PropertyKey("__fieldManager")
	apiVersionKey   = resource.PropertyKey("__initialApiVersion")
)

// readInputs gives the wanted object, and its properties with their secret marks.
func readInputs(properties *structpb.Struct) (*unstructured.Unstructured, resource.PropertyMap, error) {
	inputs, err := decode(properties)
	if err != nil {
		return nil, nil, err
	}
	object, err := toObject(inputs)
	if err != nil {
		return nil, nil, err
	}
	delete(object, "__defaults")
	return &unstructured.Unstructured{Object: object}, inputs, nil
}

// readState splits a state into the inputs it was made of and the live object that was last seen.
func readState(properties *structpb.Struct) (inputs, live *unstructured.Unstructured, err error) {
	state, err := decode(properties)
	if err != nil {
		return nil, nil, err
	}
	object, err := toObject(state)
	if err != nil {
		return nil, nil, err
	}
	given, _ := object[string(inputsKey)].(map[string]any)
	if given == nil {
		given = map[string]any{}
	}
	for _, key := range []resource.PropertyKey{inputsKey, fieldManagerKey, apiVersionKey} {
		delete(object, string(key))
	}
	return &unstructured.Unstructured{Object: given}, &unstructured.Unstructured{Object: object}, nil
}

// fieldManagerOf is the name under which an object was applied.
func fieldManagerOf(properties *structpb.Struct) string {
	return properties.GetFields()[string(fieldManagerKey)].GetStringValue()
}

// writeState makes the state of a live object. The bookkeeping of field managers is left out: it changes with every
// controller's write and no program reads it.
func writeState(
	inputs, live *unstructured.Unstructured, marks resource.PropertyMap, manager string,
) (*structpb.Struct, error) {
	state := fromObject(live.Object)
	if metadata := state["metadata"]; metadata.IsObject() {
		delete(metadata.ObjectValue(), "managedFields")
	}
	given := fromObject(inputs.Object)
	keepSecrets(state, marks)
	keepSecrets(given, marks)
	state[inputsKey] = resource.NewProperty(given)
	state[apiVersionKey] = resource.NewProperty(inputs.GetAPIVersion())
	state[fieldManagerKey] = resource.NewProperty(manager)
	return encode(state)
}
