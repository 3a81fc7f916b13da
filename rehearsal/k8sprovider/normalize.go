package k8sprovider

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
)

// serverFields of metadata are the server's to set; a program that copied them from elsewhere does not mean them.
var serverFields = []string{
	"creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields",
	"resourceVersion", "uid", "selfLink",
}

// normalize writes an object as the API server would (1000m becomes 1, "8000" becomes 8000 where a number is meant), so
// that a spelling is never a change. A property that the built-in kind does not have, or a value of a wrong type, is an
// error. Custom resources and objects that are not fully known yet are left as they are.
func normalize(object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	for _, field := range serverFields {
		unstructured.RemoveNestedField(object.Object, "metadata", field)
	}
	if hasUnknown(object.Object) || !scheme.Scheme.Recognizes(object.GroupVersionKind()) {
		return object, nil
	}
	typed, err := scheme.Scheme.New(object.GroupVersionKind())
	if err != nil {
		return nil, fmt.Errorf("type of %s: %w", object.GroupVersionKind(), err)
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, typed, true); err != nil {
		return nil, fmt.Errorf("%s %s is not valid: %w", object.GetKind(), object.GetName(), clearer(err, object, typed))
	}
	written, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
	if err != nil {
		return nil, fmt.Errorf("write %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	pruned := prune(written, object.Object)
	pruned["apiVersion"], pruned["kind"] = object.GetAPIVersion(), object.GetKind()
	return &unstructured.Unstructured{Object: pruned}, nil
}

// clearer finds the words of the JSON decoder, which names the field, where the converter names the type only.
func clearer(err error, object *unstructured.Unstructured, typed runtime.Object) error {
	text, encodeErr := json.Marshal(object.Object)
	if encodeErr != nil {
		return err
	}
	if jsonErr := json.Unmarshal(text, typed); jsonErr != nil {
		return jsonErr
	}
	return err
}

// foldStringData moves a Secret's stringData into its data, as the API server does on every write. By server-side apply
// a field manager then owns what is really there, so a key taken out of the program leaves the Secret too.
func foldStringData(object *unstructured.Unstructured) *unstructured.Unstructured {
	plain, ok := object.Object["stringData"].(map[string]any)
	if !ok || object.GetAPIVersion() != "v1" || object.GetKind() != "Secret" {
		return object
	}
	data := map[string]any{}
	if given, ok := object.Object["data"].(map[string]any); ok {
		for key, value := range given {
			data[key] = value
		}
	}
	for key, value := range plain {
		if text, ok := value.(string); ok {
			data[key] = base64.StdEncoding.EncodeToString([]byte(text))
		} else {
			data[key] = value
		}
	}
	folded := map[string]any{}
	for key, value := range object.Object {
		folded[key] = value
	}
	delete(folded, "stringData")
	folded["data"] = data
	return &unstructured.Unstructured{Object: folded}
}

// prune cuts a live object down to the fields that the shape has: what the server and other managers added is no
// concern of the program.
func prune(live, shape map[string]any) map[string]any {
	out := map[string]any{}
	for key, wanted := range shape {
		if value, ok := live[key]; ok {
			out[key] = pruneValue(value, wanted)
		}
	}
	return out
}

func pruneValue(live, shape any) any {
	switch shape := shape.(type) {
	case map[string]any:
		if live, ok := live.(map[string]any); ok {
			return prune(live, shape)
		}
	case []any:
		if live, ok := live.([]any); ok {
			return pruneList(live, shape)
		}
	}
	return live
}

// listKeys tell the items of Kubernetes' lists apart, in the order tried.
var listKeys = []string{"name", "key", "containerPort", "port", "mountPath", "devicePath", "ip", "type"}

// pruneList pairs items by the key that tells them apart, in the program's order, and drops those of others. A list of
// plain values belongs to one manager and stays whole.
func pruneList(live, shape []any) []any {
	if len(shape) == 0 || !allMaps(live) || !allMaps(shape) {
		return live
	}
	for _, key := range listKeys {
		byKey, ok := index(live, key)
		if _, unique := index(shape, key); !ok || !unique {
			continue
		}
		var out []any
		for _, item := range shape {
			wanted := item.(map[string]any)
			if found, ok := byKey[fmt.Sprint(wanted[key])]; ok {
				out = append(out, prune(found, wanted))
			}
		}
		return out
	}
	out := make([]any, len(live))
	for i, item := range live {
		out[i] = item
		if i < len(shape) {
			out[i] = pruneValue(item, shape[i])
		}
	}
	return out
}

func allMaps(list []any) bool {
	for _, item := range list {
		if _, ok := item.(map[string]any); !ok {
			return false
		}
	}
	return true
}

// index maps the items of a list by a key, if each has it and no two have the same.
func index(list []any, key string) (map[string]map[string]any, bool) {
	byKey := map[string]map[string]any{}
	for _, item := range list {
		value, ok := item.(map[string]any)[key]
		if !ok || byKey[fmt.Sprint(value)] != nil {
			return nil, false
		}
		byKey[fmt.Sprint(value)] = item.(map[string]any)
	}
	return byKey, true
}
