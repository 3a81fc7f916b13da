// Package recorder notes what a component registers, so that a test can ask about it afterwards.
package recorder

import (
	"fmt"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Registration is one resource that the program registered.
type Registration struct {
	Type   string
	Name   string
	Parent string // URN, empty for none
	Inputs resource.PropertyMap
}

// Recorder is a mock of the engine that accepts everything and remembers it.
type Recorder struct {
	mu   sync.Mutex
	list []Registration
}

// Run runs a program against a new recorder.
func Run(program pulumi.RunFunc) (*Recorder, error) {
	r := &Recorder{}
	err := pulumi.RunErr(program, pulumi.WithMocks("project", "stack", r))
	return r, err
}

// Call answers no function.
func (r *Recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return nil, fmt.Errorf("unexpected call of %s", args.Token)
}

// NewResource remembers the registration and returns its inputs as outputs, plus the password of a random one.
func (r *Recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, Registration{
		Type: args.TypeToken, Name: args.Name, Parent: args.RegisterRPC.GetParent(), Inputs: args.Inputs,
	})
	outputs := args.Inputs.Copy()
	if args.TypeToken == "random:index/randomPassword:RandomPassword" {
		outputs["result"] = resource.NewStringProperty(Password(args.Name))
	}
	return args.Name + "-id", outputs, nil
}

// Password is what the recorder generates as the password of that name: every character that needs encoding
// in a URL is in it, and it is easily found in inputs.
func Password(name string) string { return "pw:" + name + "/@+%?#& é" }

// All returns every registration, sorted by type and name.
func (r *Recorder) All() []Registration {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := append([]Registration(nil), r.list...)
	sort.Slice(list, func(i, j int) bool { return list[i].Type+list[i].Name < list[j].Type+list[j].Name })
	return list
}

// Of returns the registrations of a type, such as "kubernetes:apps/v1:StatefulSet".
func (r *Recorder) Of(typ string) []Registration {
	var list []Registration
	for _, reg := range r.All() {
		if reg.Type == typ {
			list = append(list, reg)
		}
	}
	return list
}

// One returns the registration of a type and name.
func (r *Recorder) One(t testing.TB, typ, name string) Registration {
	t.Helper()
	for _, reg := range r.Of(typ) {
		if reg.Name == name {
			return reg
		}
	}
	t.Fatalf("no %s named %s was registered", typ, name)
	return Registration{}
}

// RequireDescend fails when a resource does not descend from the component of the type.
func (r *Recorder) RequireDescend(t testing.TB, root string) {
	t.Helper()
	for _, reg := range r.All() {
		if reg.Type == "pulumi:pulumi:Stack" || reg.Type == root {
			continue
		}
		if !strings.Contains(reg.Parent, root) {
			t.Errorf("%s %s has the parent %q; want a descendant of %s", reg.Type, reg.Name, reg.Parent, root)
		}
	}
}
