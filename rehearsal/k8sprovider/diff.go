package k8sprovider

import (
	"context"
	"fmt"
	"reflect"
	"sort"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Diff compares what the program wants with the last seen live object, cut down to what the program had asked for
// (provider.go, Diff): what the server or a controller added is no difference, what somebody changed by hand is one
// after a refresh.
func (i *instance) Diff(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	if isHelm(req.GetUrn()) {
		return diffHelm(req)
	}
	oldInputs, live, err := readState(req.GetOlds())
	if err != nil {
		return nil, fmt.Errorf("state of %s: %w", nameOf(req.GetUrn()), err)
	}
	wanted, _, err := readInputs(req.GetNews())
	if err != nil {
		return nil, fmt.Errorf("inputs of %s: %w", nameOf(req.GetUrn()), err)
	}
	if wanted, err = normalize(wanted); err != nil {
		return nil, err
	}
	if oldInputs, err = normalize(oldInputs); err != nil {
		return nil, err
	}
	fields := replacingFields(wanted, &i.settings)
	if isPatch(req.GetUrn()) {
		fields = identity
	}
	seen := &unstructured.Unstructured{Object: prune(live.Object, foldStringData(oldInputs).Object)}
	i.placeIn(seen, wanted)
	found := &difference{fields: fields, details: map[string]*pulumirpc.PropertyDiff{}}
	found.maps(nil, nil, seen.Object, foldStringData(wanted).Object)
	found.ignore(req.GetIgnoreChanges())
	return found.response(sameIdentity(wanted, live)), nil
}

// placeIn writes the namespace that both objects have by default.
func (i *instance) placeIn(objects ...*unstructured.Unstructured) {
	if i.cluster == nil {
		return
	}
	for _, object := range objects {
		metadata, ok := object.Object["metadata"].(map[string]any)
		if !ok {
			continue
		}
		switch {
		case !i.cluster.namespaced(object.GroupVersionKind()):
			delete(metadata, "namespace")
		case metadata["namespace"] == nil:
			metadata["namespace"] = i.cluster.namespace
		}
	}
}

// sameIdentity says whether a replacement would need the very name that the old object still has: then the old one must
// go first. One with a generated name gets another.
func sameIdentity(wanted, live *unstructured.Unstructured) bool {
	return wanted.GetName() != "" && !isAutonamed(wanted) &&
		wanted.GetName() == live.GetName() && wanted.GetNamespace() == live.GetNamespace()
}

// difference collects changes, each at its property path.
type difference struct {
	fields  []string
	details map[string]*pulumirpc.PropertyDiff
}

func (d *difference) response(sameName bool) *pulumirpc.DiffResponse {
	response := &pulumirpc.DiffResponse{
		Changes:         pulumirpc.DiffResponse_DIFF_NONE,
		DetailedDiff:    d.details,
		HasDetailedDiff: true,
	}
	for path, detail := range d.details {
		response.Changes = pulumirpc.DiffResponse_DIFF_SOME
		switch detail.GetKind() {
		case pulumirpc.PropertyDiff_ADD_REPLACE, pulumirpc.PropertyDiff_DELETE_REPLACE, pulumirpc.PropertyDiff_UPDATE_REPLACE:
			response.Replaces = append(response.Replaces, path)
		}
	}
	sort.Strings(response.Replaces)
	response.DeleteBeforeReplace = len(response.Replaces) > 0 && sameName
	return response
}

func (d *difference) ignore(paths []string) {
	for _, text := range paths {
		ignored, err := resource.ParsePropertyPath(text)
		if err != nil {
			continue
		}
		for at := range d.details {
			if path, err := resource.ParsePropertyPath(at); err == nil && ignored.Contains(path) {
				delete(d.details, at)
			}
		}
	}
}

func (d *difference) maps(path []any, names []string, was, is map[string]any) {
	for key, value := range is {
		at, name := append(path[:len(path):len(path)], key), append(names[:len(names):len(names)], key)
		if old, ok := was[key]; ok {
			d.values(at, name, old, value)
		} else if value != nil {
			d.add(at, name, pulumirpc.PropertyDiff_ADD, value)
		}
	}
	for key, old := range was {
		if _, ok := is[key]; !ok {
			at, name := append(path[:len(path):len(path)], key), append(names[:len(names):len(names)], key)
			d.add(at, name, pulumirpc.PropertyDiff_DELETE, old)
		}
	}
}

func (d *difference) lists(path []any, names []string, was, is []any) {
	for n := range max(len(was), len(is)) {
		at := append(path[:len(path):len(path)], n)
		switch {
		case n >= len(was):
			d.add(at, names, pulumirpc.PropertyDiff_ADD, is[n])
		case n >= len(is):
			d.add(at, names, pulumirpc.PropertyDiff_DELETE, was[n])
		default:
			d.values(at, names, was[n], is[n])
		}
	}
}

func (d *difference) values(path []any, names []string, was, is any) {
	switch is := is.(type) {
	case map[string]any:
		if was, ok := was.(map[string]any); ok {
			d.maps(path, names, was, is)
			return
		}
	case []any:
		if was, ok := was.([]any); ok {
			d.lists(path, names, was, is)
			return
		}
	}
	if !equal(was, is) {
		d.add(path, names, pulumirpc.PropertyDiff_UPDATE, is)
	}
}

// equal compares two plain values; numbers by their value, since JSON does not tell 1 from 1.0.
func equal(a, b any) bool {
	if x, ok := asFloat(a); ok {
		y, ok := asFloat(b)
		return ok && x == y
	}
	return reflect.DeepEqual(a, b)
}

func asFloat(value any) (float64, bool) {
	switch value := value.(type) {
	case int64:
		return float64(value), true
	case float64:
		return value, true
	}
	return 0, false
}

var asReplacement = map[pulumirpc.PropertyDiff_Kind]pulumirpc.PropertyDiff_Kind{
	pulumirpc.PropertyDiff_ADD:    pulumirpc.PropertyDiff_ADD_REPLACE,
	pulumirpc.PropertyDiff_DELETE: pulumirpc.PropertyDiff_DELETE_REPLACE,
	pulumirpc.PropertyDiff_UPDATE: pulumirpc.PropertyDiff_UPDATE_REPLACE,
}

func (d *difference) add(path []any, names []string, kind pulumirpc.PropertyDiff_Kind, value any) {
	detail := &pulumirpc.PropertyDiff{Kind: kind, InputDiff: kind == pulumirpc.PropertyDiff_DELETE}
	if replaces(names, value, d.fields) {
		detail.Kind = asReplacement[kind]
	}
	d.details[propertyPath(path)] = detail
}

// propertyPath writes a path as Pulumi reads it: metadata.labels["app.kubernetes.io/name"], containers[0].image.
func propertyPath(path []any) string {
	var text strings.Builder
	for _, step := range path {
		switch step := step.(type) {
		case int:
			fmt.Fprintf(&text, "[%d]", step)
		case string:
			step = underscored(step)
			switch {
			case strings.ContainsAny(step, `."[]`):
				fmt.Fprintf(&text, `["%s"]`, strings.ReplaceAll(step, `"`, `\"`))
			case text.Len() == 0:
				text.WriteString(step)
			default:
				text.WriteString("." + step)
			}
		}
	}
	return text.String()
}
