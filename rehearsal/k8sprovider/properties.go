package k8sprovider

import (
	"fmt"
	"math"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"google.golang.org/protobuf/types/known/structpb"
)

// unknown stands in an object for a value that a preview does not know yet.
type unknown struct{}

func decode(properties *structpb.Struct) (resource.PropertyMap, error) {
	m, err := plugin.UnmarshalProperties(properties, plugin.MarshalOptions{
		KeepUnknowns: true, KeepSecrets: true, SkipNulls: true,
	})
	if err != nil {
		return nil, fmt.Errorf("decode properties: %w", err)
	}
	return m, nil
}

func encode(properties resource.PropertyMap) (*structpb.Struct, error) {
	s, err := plugin.MarshalProperties(properties, plugin.MarshalOptions{
		KeepUnknowns: true, KeepSecrets: true, SkipNulls: true,
	})
	if err != nil {
		return nil, fmt.Errorf("encode properties: %w", err)
	}
	return s, nil
}

// reveal returns the properties without their secret marks.
func reveal(properties resource.PropertyMap) resource.PropertyMap {
	out := resource.PropertyMap{}
	for key, value := range properties {
		out[key] = revealValue(value)
	}
	return out
}

func revealValue(value resource.PropertyValue) resource.PropertyValue {
	switch {
	case value.IsSecret():
		return revealValue(value.SecretValue().Element)
	case value.IsObject():
		return resource.NewProperty(reveal(value.ObjectValue()))
	case value.IsArray():
		items := make([]resource.PropertyValue, len(value.ArrayValue()))
		for i, item := range value.ArrayValue() {
			items[i] = revealValue(item)
		}
		return resource.NewProperty(items)
	}
	return value
}

// toObject turns properties into the plain JSON types that Kubernetes' machinery takes: whole numbers as int64.
func toObject(properties resource.PropertyMap) (map[string]any, error) {
	out := make(map[string]any, len(properties))
	for key, value := range properties {
		plain, err := toPlain(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		out[dashed(string(key))] = plain
	}
	return out, nil
}

func toPlain(value resource.PropertyValue) (any, error) {
	switch {
	case value.IsSecret():
		return toPlain(value.SecretValue().Element)
	case value.IsComputed(), value.IsOutput():
		return unknown{}, nil
	case value.IsNull():
		return nil, nil
	case value.IsBool():
		return value.BoolValue(), nil
	case value.IsString():
		return value.StringValue(), nil
	case value.IsNumber():
		if number := value.NumberValue(); number == math.Trunc(number) && math.Abs(number) < 1<<53 {
			return int64(number), nil
		}
		return value.NumberValue(), nil
	case value.IsObject():
		return toObject(value.ObjectValue())
	case value.IsArray():
		items := make([]any, len(value.ArrayValue()))
		for i, item := range value.ArrayValue() {
			plain, err := toPlain(item)
			if err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
			items[i] = plain
		}
		return items, nil
	}
	return nil, fmt.Errorf("a %s cannot be part of a Kubernetes object", value.TypeString())
}

// fromObject is toObject's way back.
func fromObject(object map[string]any) resource.PropertyMap {
	out := resource.PropertyMap{}
	for key, value := range object {
		out[resource.PropertyKey(underscored(key))] = fromPlain(value)
	}
	return out
}

func fromPlain(value any) resource.PropertyValue {
	switch value := value.(type) {
	case unknown:
		return resource.MakeComputed(resource.NewProperty(""))
	case map[string]any:
		return resource.NewProperty(fromObject(value))
	case []any:
		items := make([]resource.PropertyValue, len(value))
		for i, item := range value {
			items[i] = fromPlain(item)
		}
		return resource.NewProperty(items)
	case int64:
		return resource.NewProperty(float64(value))
	}
	return resource.NewPropertyValue(value)
}

// Pulumi's SDKs spell these schema extensions of a CustomResourceDefinition with underscores.
var extensions = map[string]string{
	"x_kubernetes_embedded_resource":       "x-kubernetes-embedded-resource",
	"x_kubernetes_int_or_string":           "x-kubernetes-int-or-string",
	"x_kubernetes_list_map_keys":           "x-kubernetes-list-map-keys",
	"x_kubernetes_list_type":               "x-kubernetes-list-type",
	"x_kubernetes_map_type":                "x-kubernetes-map-type",
	"x_kubernetes_preserve_unknown_fields": "x-kubernetes-preserve-unknown-fields",
	"x_kubernetes_validations":             "x-kubernetes-validations",
}

func dashed(key string) string {
	if name, ok := extensions[key]; ok {
		return name
	}
	return key
}

func underscored(key string) string {
	for under, dash := range extensions {
		if dash == key {
			return under
		}
	}
	return key
}

func hasUnknown(value any) bool {
	switch value := value.(type) {
	case unknown:
		return true
	case map[string]any:
		for _, item := range value {
			if hasUnknown(item) {
				return true
			}
		}
	case []any:
		for _, item := range value {
			if hasUnknown(item) {
				return true
			}
		}
	}
	return false
}

// keepSecrets marks in outs what is secret in ins. The data of a Secret is secret whatever the program said; an array
// with one secret in it is secret as a whole, because its order is not ours.
func keepSecrets(outs, ins resource.PropertyMap) {
	if kind, ok := outs["kind"]; ok && kind.IsString() && kind.StringValue() == "Secret" {
		for _, key := range []resource.PropertyKey{"data", "stringData"} {
			if value, ok := outs[key]; ok && !value.IsSecret() {
				outs[key] = resource.MakeSecret(value)
			}
		}
		return
	}
	for key, in := range ins {
		out, ok := outs[key]
		switch {
		case !ok:
		case out.IsObject() && in.IsObject():
			keepSecrets(out.ObjectValue(), in.ObjectValue())
		case !out.IsSecret() && in.ContainsSecrets():
			outs[key] = resource.MakeSecret(out)
		}
	}
}
