// Package recorder is the mock of Pulumi's resource monitor for unit tests: it records every registration of a
// program and leaves the outputs to a Backend.
package recorder

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Backend produces the results of registrations and function calls. It must be safe for concurrent use.
type Backend interface {
	// Register returns the ID and the outputs of a resource; ID is set in r when the resource is read or imported.
	Register(r Registration) (id string, outputs resource.PropertyMap, err error)
	// Call returns the result of a function.
	Call(args pulumi.MockCallArgs) (resource.PropertyMap, error)
}

// Recorder records the registrations of a program. It is safe for concurrent use.
type Recorder struct {
	backend Backend

	mu   sync.Mutex
	list []Registration
}

var _ pulumi.MockResourceMonitor = (*Recorder)(nil)

// New returns a recorder whose resources get their outputs from the backend.
func New(backend Backend) *Recorder { return &Recorder{backend: backend} }

// Run runs a program against a recorder that returns inputs as outputs (Echo).
func Run(program pulumi.RunFunc) (*Recorder, error) { return RunWith(Echo{}, program) }

// RunWith runs a program against a recorder with the given backend.
func RunWith(backend Backend, program pulumi.RunFunc) (*Recorder, error) {
	r := New(backend)
	return r, pulumi.RunErr(program, pulumi.WithMocks("project", "stack", r))
}

// NewResource records a registration with its result, also when the backend refuses it.
func (r *Recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	registration := newRegistration(args)
	id, outputs, err := r.backend.Register(registration)
	registration.secretOutputs(outputs)
	registration.ID, registration.Outputs = id, outputs
	r.mu.Lock()
	r.list = append(r.list, registration)
	r.mu.Unlock()
	return id, outputs, err
}

// Call returns the backend's result of a function.
func (r *Recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return r.backend.Call(args)
}

// All returns every registration, sorted by type and name.
func (r *Recorder) All() []Registration {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := slices.Clone(r.list)
	slices.SortStableFunc(list, func(a, b Registration) int { return strings.Compare(a.Type+a.Name, b.Type+b.Name) })
	return list
}

// OfType returns the registrations of a type, e.g. "kubernetes:apps/v1:StatefulSet", sorted by name.
func (r *Recorder) OfType(token string) []Registration {
	return slices.DeleteFunc(r.All(), func(reg Registration) bool { return reg.Type != token })
}

// Named finds a registration by type and logical name.
func (r *Recorder) Named(token, name string) (Registration, bool) {
	for _, reg := range r.OfType(token) {
		if reg.Name == name {
			return reg, true
		}
	}
	return Registration{}, false
}

// One returns the registration of a type and name, and fails the test if there is none.
func (r *Recorder) One(t testing.TB, token, name string) Registration {
	t.Helper()
	reg, found := r.Named(token, name)
	if !found {
		t.Fatalf("no %s named %s was registered", token, name)
	}
	return reg
}

// Only returns the one registration of a type, and fails the test if there is none or more than one.
func (r *Recorder) Only(t testing.TB, token string) Registration {
	t.Helper()
	list := r.OfType(token)
	if len(list) != 1 {
		t.Fatalf("%d resources of type %s were registered; want 1", len(list), token)
	}
	return list[0]
}

// RequireDescend fails the test if a resource does not descend from the component of the type.
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
