package awssim

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// problems validates inputs; every problem is reported. Unknown values pass: a preview has them.
func (rt *resourceType) problems(in values) []Problem {
	found := rt.inputs.problems("", in)
	for i, p := range found {
		if slices.Contains(rt.refused, p.Property) {
			found[i].Reason = "the SDK has this property but the simulated AWS does not model it; add it to internal/testing/awssim with its behavior before you use it"
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

func (ps properties) problems(prefix string, in values) []Problem {
	var found []Problem
	for _, name := range slices.Sorted(maps.Keys(in)) {
		p, known := ps[name]
		if !known {
			found = append(found, Problem{prefix + name, "unknown property; must be one of " + strings.Join(slices.Sorted(maps.Keys(ps)), ", ")})
			continue
		}
		found = append(found, p.problems(prefix+name, in[name])...)
	}
	for _, name := range slices.Sorted(maps.Keys(ps)) {
		if _, given := in[name]; ps[name].required && !given {
			found = append(found, Problem{prefix + name, "missing required property"})
		}
	}
	return found
}

func (p property) problems(path string, value any) []Problem {
	if _, ok := value.(unknown); ok {
		return nil
	}
	wrong := func(format string, args ...any) []Problem { return []Problem{{path, fmt.Sprintf(format, args...)}} }
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
	case number:
		if _, ok := value.(float64); !ok {
			return wrong("must be a number, not %s", describe(value))
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

func (p property) blockProblems(path string, value any) []Problem {
	list, ok := value.([]any)
	if !ok {
		return []Problem{{path, "must be a list of objects, not " + describe(value)}}
	}
	var found []Problem
	for i, element := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch b := element.(type) {
		case unknown:
		case values:
			found = append(found, p.fields.problems(at+".", b)...)
		default:
			found = append(found, Problem{at, "must be an object, not " + describe(element)})
		}
	}
	return found
}

func elementProblems(prefix string, elements values) []Problem {
	var found []Problem
	for _, name := range slices.Sorted(maps.Keys(elements)) {
		switch element := elements[name].(type) {
		case string, unknown:
		case nil:
			found = append(found, Problem{prefix + name, "must be a string, not null"})
		default:
			found = append(found, Problem{prefix + name, "must be a string, not " + describe(element)})
		}
	}
	return found
}
