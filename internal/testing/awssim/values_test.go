package awssim

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
)

func TestValues_PropertyMap(t *testing.T) {
	known := resource.NewProperty("x")
	reference := func(id resource.PropertyValue) resource.PropertyValue {
		return resource.NewProperty(resource.ResourceReference{URN: "urn:pulumi:s::p::t:m:T::n", ID: id})
	}
	for name, tt := range map[string]struct {
		in   resource.PropertyValue
		want any
	}{
		"null":               {resource.NewNullProperty(), nil},
		"secret":             {resource.MakeSecret(known), "x"},
		"computed":           {resource.MakeComputed(known), unknown{}},
		"known output":       {resource.NewProperty(resource.Output{Element: known, Known: true}), "x"},
		"unknown output":     {resource.NewProperty(resource.Output{Element: known}), unknown{}},
		"resource":           {reference(known), "x"},
		"resource not there": {reference(resource.MakeComputed(resource.NewProperty(""))), unknown{}},
		"list":               {resource.NewProperty([]resource.PropertyValue{known, resource.MakeComputed(known)}), []any{"x", unknown{}}},
	} {
		assert.Equal(t, tt.want, fromProperty(tt.in), name)
	}
	assert.NotContains(t, fromPropertyMap(resource.PropertyMap{"a": resource.NewNullProperty()}), "a")
	assert.NotContains(t, toPropertyMap(values{"a": nil}), resource.PropertyKey("a"))
	in := values{"a": "b", "c": 1.0, "d": true, "e": []any{"f"}, "g": values{"h": unknown{}}}
	assert.Equal(t, in, in.plain())
	assert.Equal(t, values{"a": []any{values{"b": "c"}}, "d": values{"e": "f"}},
		values{"a": []values{{"b": "c"}}, "d": map[string]string{"e": "f"}}.plain())
}

func TestValues_FirstUnknown(t *testing.T) {
	assert.Empty(t, values{"a": "b", "c": values{"d": []any{"e"}}}.firstUnknown())
	assert.Equal(t, "a", values{"a": unknown{}}.firstUnknown())
	assert.Equal(t, "c.d", values{"a": "b", "c": values{"d": unknown{}}}.firstUnknown())
	assert.Equal(t, "c[1]", values{"c": []any{"d", unknown{}}}.firstUnknown())
	assert.Equal(t, "c[0].d", values{"c": []any{values{"d": unknown{}}}}.firstUnknown())
	w := newWorld(t, Options{})
	id := w.make(vpcToken, "net", values{"cidrBlock": "10.0.0.0/16"})
	_, _, err := w.c.change(vpcType, id, nil, values{"cidrBlock": unknown{}}, nil, nil)
	assert.ErrorContains(t, err, `property "cidrBlock" must be known outside of a preview`)
}

func TestDiff_ChangeKinds(t *testing.T) {
	types := properties{
		"text": {kind: text}, "map": {kind: textMap}, "block": {kind: block, fields: properties{"a": {kind: text}, "b": {kind: text}}},
		"list": {kind: blocks, key: "k", fields: properties{"k": {kind: text}, "v": {kind: text}}}, "doc": {kind: document}, "n": {kind: whole},
	}
	for name, tt := range map[string]struct {
		old, new values
		want     []Change
	}{
		"new":                     {values{}, values{"text": "x"}, []Change{{"text", Added, false}}},
		"new and empty":           {values{}, values{"text": "", "map": values{}, "n": 0.0}, nil},
		"gone":                    {values{"text": "x"}, values{}, []Change{{"text", Removed, false}}},
		"empty and gone":          {values{"text": "", "n": 0.0}, values{}, nil},
		"emptied":                 {values{"text": "x"}, values{"text": ""}, []Change{{"text", Updated, false}}},
		"one of two keys gone":    {values{"map": values{"a": "1", "b": "2"}}, values{"map": values{"a": "1"}}, []Change{{"map.b", Removed, false}}},
		"new block":               {values{}, values{"block": values{"a": "1"}}, []Change{{"block", Added, false}}},
		"field of a block gone":   {values{"block": values{"a": "1", "b": "2"}}, values{"block": values{"a": "1"}}, []Change{{"block.b", Removed, false}}},
		"unknown map":             {values{"map": values{"a": "1"}}, values{"map": unknown{}}, []Change{{"map", Updated, false}}},
		"unknown block":           {values{"block": values{"a": "1"}}, values{"block": unknown{}}, []Change{{"block", Updated, false}}},
		"one block more":          {values{"list": []any{values{"k": "1"}}}, values{"list": []any{values{"k": "1"}, values{"k": "2"}}}, []Change{{"list", Updated, false}}},
		"document that is none":   {values{"doc": "a"}, values{"doc": "b"}, []Change{{"doc", Updated, false}}},
		"document, first time":    {values{"doc": "not json"}, values{"doc": `{"a":"b"}`}, []Change{{"doc", Updated, false}}},
		"document that is a list": {values{"doc": `[{"a":"1"},{"b":"2"}]`}, values{"doc": `[{"b":"2"},{"a":"1"}]`}, []Change{{"doc", Updated, false}}},
		"number":                  {values{"n": 1.0}, values{"n": 2.0}, []Change{{"n", Updated, false}}},
	} {
		assert.Equal(t, tt.want, types.diff("", tt.old, tt.new, false), name)
	}
}

func TestIgnored_Paths(t *testing.T) {
	was := values{"a": "cloud", "tags": values{"x": "cloud", "y": "cloud"}, "gone": "cloud"}
	in := values{"a": "program", "tags": values{"x": "program", "z": "program"}, "b": "program"}
	assert.Equal(t, values{"a": "cloud", "tags": values{"x": "cloud"}, "b": "program"},
		keepIgnored(in, was, []string{"a", "tags.x", "tags.z", "gone", "b.c", "none.c"}))
	assert.Equal(t, "program", in.block("tags").text("x"), "the program's own inputs are left alone")
	for _, tt := range []struct {
		path    string
		ignored []string
		want    bool
	}{
		{"tags.a", []string{"tags"}, true},
		{"tags", []string{"tags"}, true},
		{"tags.a", []string{"tags.a"}, true},
		{"tags.ab", []string{"tags.a"}, false},
		{"tagsAll.a", []string{"tags"}, true},
		{"tagsAll.a", []string{"tags.a"}, true},
		{"tagsAll.b", []string{"tags.a"}, false},
		{"rules[0].a", []string{"rules"}, true},
		{"value", nil, false},
	} {
		assert.Equal(t, tt.want, ignored(tt.path, tt.ignored), tt.path)
	}
}

func TestSecretive_SecretInputs(t *testing.T) {
	outputs := toPropertyMap(values{"cidrBlock": "10.0.0.0/16", "tags": values{"a": "b"}, "tagsAll": values{"a": "b"}, "arn": "arn"})
	inputs := toPropertyMap(values{"cidrBlock": "10.0.0.0/16"})
	inputs["tags"] = resource.NewProperty(resource.PropertyMap{"a": resource.MakeSecret(resource.NewProperty("b"))})
	marked := vpcType.secretive(outputs, inputs)
	assert.True(t, marked["tags"].IsSecret())
	assert.True(t, marked["tagsAll"].IsSecret())
	assert.False(t, marked["arn"].IsSecret())
	assert.False(t, marked["cidrBlock"].IsSecret())
	assert.Equal(t, marked, vpcType.secretive(marked, inputs), "nothing is wrapped twice")
}

func TestPreviewed_Tags(t *testing.T) {
	defaults := map[string]string{"p": "q"}
	assert.Equal(t, values{"p": "q", "a": "b"}, vpcType.previewed(values{"tags": values{"a": "b"}}, defaults)["tagsAll"])
	assert.Equal(t, unknown{}, vpcType.previewed(values{"tags": unknown{}}, defaults)["tagsAll"])
	assert.NotContains(t, routeType.previewed(values{}, defaults), "tagsAll")
}

func TestCompactSize(t *testing.T) {
	assert.Equal(t, 7, compactSize("{ \"a\" :\n 1 }"))
	assert.Equal(t, 4, compactSize("none"))
}

func TestZonePrefix(t *testing.T) {
	for region, want := range map[string]string{"ap-northeast-2": "apne2", "us-east-1": "use1", "eu-central-1": "euc1", "us-gov-west-1": "us-gov-west-1"} {
		assert.Equal(t, want, zonePrefix(region))
	}
}
