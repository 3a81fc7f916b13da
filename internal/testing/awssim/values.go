package awssim

import (
	"fmt"
	"maps"
	"slices"
)

// values holds properties as plain Go values: string, bool, float64, values, []any or unknown. An absent key and a
// null mean the same. Secrets are unwrapped: the model works on plain text, Client keeps track of secrets.
type values map[string]any

// unknown is a placeholder for a value that is not known yet, during a preview.
type unknown struct{}

// unsupported is a value that no modeled property can hold, e.g. an asset.
type unsupported struct{ description string }

// has reports whether the property is given and known.
func (v values) has(key string) bool {
	value, ok := v[key]
	_, isUnknown := value.(unknown)
	return ok && value != nil && !isUnknown
}

func (v values) isUnknown(key string) bool {
	_, ok := v[key].(unknown)
	return ok
}

// firstUnknown names an unknown property, at any depth; it is empty if there is none.
func (v values) firstUnknown() string {
	for _, key := range slices.Sorted(maps.Keys(v)) {
		switch value := v[key].(type) {
		case unknown:
			return key
		case values:
			if inner := value.firstUnknown(); inner != "" {
				return key + "." + inner
			}
		case []any:
			for i, element := range value {
				if inner := (values{fmt.Sprintf("%s[%d]", key, i): element}).firstUnknown(); inner != "" {
					return inner
				}
			}
		}
	}
	return ""
}

func (v values) text(key string) string {
	s, _ := v[key].(string)
	return s
}

func (v values) flag(key string) bool {
	b, _ := v[key].(bool)
	return b
}

func (v values) whole(key string) int {
	switch n := v[key].(type) {
	case float64:
		return int(n)
	case int:
		return n
	}
	return 0
}

func (v values) texts(key string) []string {
	var out []string
	switch list := v[key].(type) {
	case []any:
		for _, element := range list {
			if s, ok := element.(string); ok {
				out = append(out, s)
			}
		}
	case []string:
		out = append(out, list...)
	}
	return out
}

func (v values) textMap(key string) map[string]string {
	out := map[string]string{}
	switch m := v[key].(type) {
	case values:
		for name, element := range m {
			if s, ok := element.(string); ok {
				out[name] = s
			}
		}
	case map[string]string:
		for name, s := range m {
			out[name] = s
		}
	}
	return out
}

func (v values) block(key string) values {
	b, _ := v[key].(values)
	return b
}

func (v values) blocks(key string) []values {
	var out []values
	switch list := v[key].(type) {
	case []any:
		for _, element := range list {
			if b, ok := element.(values); ok {
				out = append(out, b)
			}
		}
	case []values:
		out = append(out, list...)
	}
	return out
}

// plain brings attributes written as Go literals into the shapes that come back from the engine.
func (v values) plain() values { return fromPropertyMap(toPropertyMap(v)) }

func (v values) copy() values {
	out := make(values, len(v))
	for key, value := range v {
		out[key] = value
	}
	return out
}

func describe(value any) string {
	switch value := value.(type) {
	case string:
		return fmt.Sprintf("the string %q", value)
	case bool:
		return fmt.Sprintf("the boolean %t", value)
	case float64:
		return fmt.Sprintf("the number %v", value)
	case values:
		return "an object"
	case []any:
		return "a list"
	case unsupported:
		return "a value of type " + value.description
	default:
		return fmt.Sprintf("%v", value)
	}
}
