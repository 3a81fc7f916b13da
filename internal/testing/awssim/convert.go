package awssim

import "github.com/pulumi/pulumi/sdk/v3/go/common/resource"

func fromPropertyMap(properties resource.PropertyMap) values {
	out := values{}
	for key, value := range properties {
		if plain := fromProperty(value); plain != nil {
			out[string(key)] = plain
		}
	}
	return out
}

func fromProperty(value resource.PropertyValue) any {
	switch {
	case value.IsNull():
		return nil
	case value.IsBool():
		return value.BoolValue()
	case value.IsNumber():
		return value.NumberValue()
	case value.IsString():
		return value.StringValue()
	case value.IsArray():
		list := []any{}
		for _, element := range value.ArrayValue() {
			list = append(list, fromProperty(element))
		}
		return list
	case value.IsObject():
		return fromPropertyMap(value.ObjectValue())
	case value.IsSecret():
		return fromProperty(value.SecretValue().Element)
	case value.IsComputed():
		return unknown{}
	case value.IsOutput():
		if !value.OutputValue().Known {
			return unknown{}
		}
		return fromProperty(value.OutputValue().Element)
	case value.IsResourceReference():
		if id, ok := value.ResourceReferenceValue().IDString(); ok && id != "" { // empty while it is not known
			return id
		}
		return unknown{}
	default:
		return unsupported{value.TypeString()}
	}
}

func toPropertyMap(v values) resource.PropertyMap {
	out := resource.PropertyMap{}
	for key, value := range v {
		if value != nil {
			out[resource.PropertyKey(key)] = toProperty(value)
		}
	}
	return out
}

func toProperty(value any) resource.PropertyValue {
	switch value := value.(type) {
	case values:
		return resource.NewProperty(toPropertyMap(value))
	case []any:
		list := make([]resource.PropertyValue, 0, len(value))
		for _, element := range value {
			list = append(list, toProperty(element))
		}
		return resource.NewProperty(list)
	case []values:
		list := make([]resource.PropertyValue, 0, len(value))
		for _, element := range value {
			list = append(list, toProperty(element))
		}
		return resource.NewProperty(list)
	case map[string]string:
		object := resource.PropertyMap{}
		for key, text := range value {
			object[resource.PropertyKey(key)] = resource.NewProperty(text)
		}
		return resource.NewProperty(object)
	case unknown:
		return resource.MakeComputed(resource.NewProperty(""))
	default:
		return resource.NewPropertyValue(value)
	}
}
