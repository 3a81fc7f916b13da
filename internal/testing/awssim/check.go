package awssim

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
)

// problems validates inputs; every problem is reported. Unknown values pass: a preview has them.
func (rt *resourceType) problems(in values) []problem {
	found := rt.inputs.problems("", in)
	for i, p := range found {
		if slices.Contains(rt.refused, p.property) {
			found[i].reason = "the SDK has this property but the simulated AWS does not model it; add it to internal/awssim with its behaviour before using it"
		}
	}
	if len(found) == 0 && rt.check != nil {
		found = rt.check(in)
	}
	return found
}

// filled adds the values that the provider fills in.
func (ps properties) filled(in values) values {
	out := in.copy()
	for name, p := range ps {
		value, given := out[name]
		if inner, ok := value.(values); ok && p.kind == block {
			out[name] = p.fields.filled(inner)
		}
		if !given && p.fallback != nil {
			out[name] = p.fallback
		}
	}
	return out
}

func (ps properties) problems(prefix string, in values) []problem {
	var found []problem
	for _, name := range sortedKeys(in) {
		p, known := ps[name]
		if !known {
			found = append(found, problem{prefix + name, "unknown property; known are " + strings.Join(sortedKeys(ps), ", ")})
			continue
		}
		found = append(found, p.problems(prefix+name, in[name])...)
	}
	for _, name := range sortedKeys(ps) {
		if _, given := in[name]; ps[name].required && !given {
			found = append(found, problem{prefix + name, "missing required property"})
		}
	}
	return found
}

func (p property) problems(path string, value any) []problem {
	if _, ok := value.(unknown); ok {
		return nil
	}
	wrong := func(format string, args ...any) []problem { return []problem{{path, fmt.Sprintf(format, args...)}} }
	switch p.kind {
	case text, document:
		s, ok := value.(string)
		if !ok {
			return wrong("must be a string, not %s", describe(value))
		}
		if p.oneOf != nil && !slices.Contains(p.oneOf, s) {
			return wrong("%q is not one of %s", s, strings.Join(p.oneOf, ", "))
		}
	case flag:
		if _, ok := value.(bool); !ok {
			return wrong("must be a boolean, not %s", describe(value))
		}
	case whole:
		if n, ok := value.(float64); !ok || n != math.Trunc(n) {
			return wrong("must be a whole number, not %s", describe(value))
		}
	case textMap:
		m, ok := value.(values)
		if !ok {
			return wrong("must be an object of strings, not %s", describe(value))
		}
		if found := elementProblems(path+".", m); found != nil {
			return found
		}
	case textSet, textList:
		list, ok := value.([]any)
		if !ok {
			return wrong("must be a list of strings, not %s", describe(value))
		}
		elements := values{}
		for i, element := range list {
			elements[fmt.Sprintf("[%d]", i)] = element
		}
		if found := elementProblems(path, elements); found != nil {
			return found
		}
	case block:
		b, ok := value.(values)
		if !ok {
			return wrong("must be an object, not %s", describe(value))
		}
		return p.fields.problems(path+".", b)
	case blocks:
		return p.blockProblems(path, value)
	}
	if p.valid != nil {
		if err := p.valid(value); err != nil {
			return wrong("%s", err)
		}
	}
	return nil
}

func (p property) blockProblems(path string, value any) []problem {
	list, ok := value.([]any)
	if !ok {
		return []problem{{path, "must be a list of objects, not " + describe(value)}}
	}
	var found []problem
	for i, element := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch b := element.(type) {
		case unknown:
		case values:
			found = append(found, p.fields.problems(at+".", b)...)
		default:
			found = append(found, problem{at, "must be an object, not " + describe(element)})
		}
	}
	return found
}

func elementProblems(prefix string, elements values) []problem {
	var found []problem
	for _, name := range sortedKeys(elements) {
		switch element := elements[name].(type) {
		case string, unknown:
		case nil:
			found = append(found, problem{prefix + name, "must be a string, not null"})
		default:
			found = append(found, problem{prefix + name, "must be a string, not " + describe(element)})
		}
	}
	return found
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
