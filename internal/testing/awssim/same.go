package awssim

import (
	"encoding/json"
	"reflect"
	"slices"
	"sort"
)

func same(a, b any) bool { return reflect.DeepEqual(a, b) }

func sameSet(a, b any) bool {
	x, y := values{"": a}.texts(""), values{"": b}.texts("")
	sort.Strings(x)
	sort.Strings(y)
	return slices.Equal(slices.Compact(x), slices.Compact(y))
}

// sameDocument compares two JSON texts as policies are compared: a list of one equals its element, and the order
// of a list of strings has no meaning.
func sameDocument(a, b any) bool {
	x, _ := a.(string)
	y, _ := b.(string)
	var left, right any
	if json.Unmarshal([]byte(x), &left) != nil || json.Unmarshal([]byte(y), &right) != nil {
		return x == y
	}
	return reflect.DeepEqual(canonical(left), canonical(right))
}

func canonical(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, element := range v {
			out[key] = canonical(element)
		}
		return out
	case []any:
		if len(v) == 1 {
			return canonical(v[0])
		}
		out := make([]any, len(v))
		for i, element := range v {
			out[i] = canonical(element)
		}
		sort.SliceStable(out, func(i, j int) bool {
			a, okA := out[i].(string)
			b, okB := out[j].(string)
			return okA && okB && a < b
		})
		return out
	default:
		return v
	}
}

func zero(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case bool:
		return !v
	case float64:
		return v == 0
	case values:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}
