package awssim

import "testing"

// TypeSchema describes a type to the tests that import the SDK.
type TypeSchema struct {
	Inputs           map[string]PropertySchema
	Outputs, Refused []string
}

// PropertySchema is one input.
type PropertySchema struct {
	Kind     string
	Required bool
	Fields   map[string]PropertySchema
}

// Schemas are all modeled types by token.
func Schemas() map[string]TypeSchema {
	out := map[string]TypeSchema{}
	for token, rt := range resourceTypes {
		out[token] = TypeSchema{Inputs: propertySchemas(rt.inputs), Outputs: rt.outputs, Refused: rt.refused}
	}
	return out
}

func propertySchemas(ps properties) map[string]PropertySchema {
	kinds := map[kind]string{
		text: "string", document: "string", flag: "bool", whole: "int", number: "float64", textMap: "map", textSet: "slice", textList: "slice",
		block: "struct", blocks: "structs",
	}
	out := map[string]PropertySchema{}
	for name, p := range ps {
		out[name] = PropertySchema{Kind: kinds[p.kind], Required: p.required, Fields: propertySchemas(p.fields)}
	}
	return out
}

// OneOfEachOutputs are the outputs of one resource of every type, as plain Go values.
func OneOfEachOutputs(t *testing.T) map[string][]map[string]any {
	w := oneOfEach(t)
	out := map[string][]map[string]any{}
	for _, r := range w.c.Resources() {
		if r.Managed {
			out[r.Type] = append(out[r.Type], w.read(r.Type, r.ID).loose())
		}
	}
	return out
}

// loose turns nested values into plain maps.
func (v values) loose() map[string]any {
	out := map[string]any{}
	for key, value := range v {
		out[key] = looseValue(value)
	}
	return out
}

func looseValue(value any) any {
	switch value := value.(type) {
	case values:
		return value.loose()
	case []any:
		out := []any{}
		for _, element := range value {
			out = append(out, looseValue(element))
		}
		return out
	}
	return value
}
