package awssim

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Mocks is the door for unit tests (pulumi.WithMocks): AWS resources go through the model, random ones are
// deterministic, Kubernetes ones are accepted, components are recorded. It is safe for concurrent use.
type Mocks struct {
	cloud *Cloud

	mu            sync.Mutex
	registrations []Registration
	configs       map[string]providerConfig // by provider URN
	kubernetes    map[string]bool           // identities of the objects that exist
}

var _ pulumi.MockResourceMonitor = (*Mocks)(nil)

// NewMocks opens the unit tests' door to a cloud.
func NewMocks(c *Cloud) *Mocks {
	return &Mocks{cloud: c, configs: map[string]providerConfig{}, kubernetes: map[string]bool{}}
}

// Registrations are all resources registered so far, in order, those that were refused too.
func (m *Mocks) Registrations() []Registration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.registrations)
}

// OfType are the registrations of one type.
func (m *Mocks) OfType(token string) []Registration {
	return slices.DeleteFunc(m.Registrations(), func(r Registration) bool { return r.Type != token })
}

// Named finds a registration by type and logical name.
func (m *Mocks) Named(token, name string) (Registration, bool) {
	found := slices.DeleteFunc(m.OfType(token), func(r Registration) bool { return r.Name != name })
	if len(found) == 0 {
		return Registration{}, false
	}
	return found[0], true
}

// NewResource registers a resource; what the model refuses fails the resource.
func (m *Mocks) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r := newRegistration(args)
	id, outputs, err := m.register(r, args)
	for _, name := range r.AdditionalSecretOutputs {
		key := resource.PropertyKey(name)
		if value, exists := outputs[key]; exists && !value.IsSecret() {
			outputs[key] = resource.MakeSecret(value)
		}
	}
	r.ID, r.Outputs = id, outputs
	m.mu.Lock()
	m.registrations = append(m.registrations, r)
	m.mu.Unlock()
	return id, outputs, err
}

func (m *Mocks) register(r Registration, args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	pkg, _, _ := strings.Cut(r.Type, ":")
	switch {
	case r.Type == "pulumi:providers:aws":
		return m.provider(r)
	case strings.HasPrefix(r.Type, "pulumi:providers:"):
		return "provider-" + r.Name, r.Inputs.Copy(), nil
	case !r.Custom:
		return "", r.Inputs.Copy(), nil
	case pkg == "aws" && args.ID != "": // a Get function or an import
		return m.read(r, args.ID)
	case pkg == "aws":
		return m.create(r)
	case pkg == "random":
		return randomResource(r)
	case pkg == "kubernetes":
		return m.kubernetesObject(r, args.ID)
	}
	return "", nil, fmt.Errorf("resource type %q: the mocks know aws, random and kubernetes resources and components only", r.Type)
}

func (m *Mocks) provider(r Registration) (string, resource.PropertyMap, error) {
	config, found := m.cloud.readProviderConfig(fromPropertyMap(r.Inputs))
	if err := refusal("provider "+r.Name, found); err != nil {
		return "", nil, err
	}
	m.mu.Lock()
	m.configs[r.URN] = config
	m.mu.Unlock()
	return "provider-" + r.Name, r.Inputs.Copy(), nil
}

// config is that of the provider a resource names as URN::ID; the default provider has none.
func (m *Mocks) config(reference string) providerConfig {
	m.mu.Lock()
	defer m.mu.Unlock()
	urn := reference
	if i := strings.LastIndex(reference, "::"); i >= 0 {
		urn = reference[:i]
	}
	return m.configs[urn]
}

func (m *Mocks) create(r Registration) (string, resource.PropertyMap, error) {
	rt, err := typeOf(r.Type)
	if err != nil {
		return "", nil, err
	}
	in, found := rt.admit(r.Name, fromPropertyMap(r.Inputs), nil, nil)
	if err := refusal(r.Type+" "+r.Name, found); err != nil {
		return "", nil, err
	}
	o, err := m.cloud.create(rt, r.Name, in, m.config(r.Provider).defaultTags)
	if err != nil {
		return "", nil, err
	}
	return o.id, rt.secretive(toPropertyMap(m.cloud.outputs(o)), r.Inputs), nil
}

func (m *Mocks) read(r Registration, id string) (string, resource.PropertyMap, error) {
	rt, err := typeOf(r.Type)
	if err != nil {
		return "", nil, err
	}
	o := m.cloud.find(rt, id)
	if o == nil {
		return "", nil, fmt.Errorf("reading %s: %q does not exist", rt.title, id)
	}
	return id, rt.secretive(toPropertyMap(m.cloud.outputs(o)), nil), nil
}

// Call answers a lookup.
func (m *Mocks) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return m.cloud.invoke(args.Token, args.Args)
}
