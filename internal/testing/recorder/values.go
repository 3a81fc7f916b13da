package recorder

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Value follows a path, e.g. "spec.template.spec.containers[0].image" into the inputs, with
// secrets opened; it returns nil if there is no value. A dot inside a key is written as "\.".
func (r Registration) Value(path string) any {
	value := resource.NewObjectProperty(r.Inputs)
	for _, step := range steps(path) {
		for value.IsSecret() {
			value = value.SecretValue().Element
		}
		if index, err := strconv.Atoi(step); err == nil && value.IsArray() {
			if index >= len(value.ArrayValue()) {
				return nil
			}
			value = value.ArrayValue()[index]
			continue
		}
		if !value.IsObject() {
			return nil
		}
		value = value.ObjectValue()[resource.PropertyKey(step)]
	}
	return Plain(value)
}

// Decode decodes the inputs into a typed object, e.g. a Kubernetes one, with secrets opened.
func (r Registration) Decode(t testing.TB, into any) {
	t.Helper()
	text, err := json.Marshal(Plain(resource.NewProperty(r.Inputs)))
	if err != nil {
		t.Fatalf("encode the inputs of %s %s: %v", r.Type, r.Name, err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("decode the inputs of %s %s: %v", r.Type, r.Name, err)
	}
}

// Plain turns a value into maps, slices, strings, numbers and bools, with secrets opened.
func Plain(value resource.PropertyValue) any {
	switch {
	case value.IsSecret():
		return Plain(value.SecretValue().Element)
	case value.IsOutput():
		return Plain(value.OutputValue().Element)
	case value.IsArray():
		list := make([]any, 0, len(value.ArrayValue()))
		for _, v := range value.ArrayValue() {
			list = append(list, Plain(v))
		}
		return list
	case value.IsObject():
		object := map[string]any{}
		for k, v := range value.ObjectValue() {
			object[string(k)] = Plain(v)
		}
		return object
	default:
		return value.V
	}
}

// RequireHidden fails the test if a text is found in any input that is not a secret.
func (r *Recorder) RequireHidden(t testing.TB, texts ...string) {
	t.Helper()
	for _, reg := range r.All() {
		open(resource.NewObjectProperty(reg.Inputs), reg.Name, func(path, value string) {
			for _, text := range texts {
				if strings.Contains(value, text) {
					t.Errorf("%s %s shows a password in plain text at %s", reg.Type, reg.Name, path)
				}
			}
		})
	}
}

// RequireUsed fails the test if no input holds the text: hiding a password that no resource uses proves nothing.
func (r *Recorder) RequireUsed(t testing.TB, text string) {
	t.Helper()
	for _, reg := range r.All() {
		if contains(Plain(resource.NewObjectProperty(reg.Inputs)), text) {
			return
		}
	}
	t.Errorf("no resource uses %q", text)
}

func open(value resource.PropertyValue, path string, visit func(path, value string)) {
	switch {
	case value.IsSecret(), value.IsOutput() && value.OutputValue().Secret:
	case value.IsOutput():
		open(value.OutputValue().Element, path, visit)
	case value.IsString():
		visit(path, value.StringValue())
	case value.IsArray():
		for i, v := range value.ArrayValue() {
			open(v, path+"["+strconv.Itoa(i)+"]", visit)
		}
	case value.IsObject():
		for k, v := range value.ObjectValue() {
			open(v, path+"."+string(k), visit)
		}
	}
}

func contains(value any, text string) bool {
	switch v := value.(type) {
	case string:
		return strings.Contains(v, text)
	case []any:
		for _, e := range v {
			if contains(e, text) {
				return true
			}
		}
	case map[string]any:
		for _, e := range v {
			if contains(e, text) {
				return true
			}
		}
	}
	return false
}

func steps(path string) []string {
	const dot = "\x00"
	path = strings.ReplaceAll(path, `\.`, dot)
	path = strings.NewReplacer("[", ".", "]", "").Replace(path)
	list := strings.Split(path, ".")
	for i := range list {
		list[i] = strings.ReplaceAll(list[i], dot, ".")
	}
	return list
}
