// Package mocks serves the simulated AWS to unit tests (pulumi.WithMocks), with fakes of the other providers that the
// program uses: random and Kubernetes.
package mocks

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/randomprovider"
	"github.com/growbin/cluster/internal/testing/recorder"
)

// Mocks records the registrations of a program. AWS resources go through the model, random ones are deterministic,
// Kubernetes ones are accepted, components are recorded. It is safe for concurrent use.
type Mocks struct {
	*recorder.Recorder
	// Before, if non-nil, is called before each registration, concurrently, e.g. to hold one back.
	Before func(token, name string)

	backend *backend
}

// New returns mocks for a cloud.
func New(cloud *awssim.Cloud) *Mocks {
	b := &backend{
		cloud: cloud, clients: map[string]*awssim.Client{}, kubernetes: map[string]bool{}, stashed: map[string]resource.PropertyValue{},
	}
	return &Mocks{Recorder: recorder.New(b), backend: b}
}

// NewResource records a registration.
func (m *Mocks) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if m.Before != nil {
		m.Before(args.TypeToken, args.Name)
	}
	return m.Recorder.NewResource(args)
}

// Stashed gives a Stash of that logical name the value that an earlier update stored.
func (m *Mocks) Stashed(name string, value map[string]any) {
	m.backend.mu.Lock()
	defer m.backend.mu.Unlock()
	m.backend.stashed[name] = resource.NewProperty(resource.NewPropertyMapFromMap(value))
}

// backend produces the outputs of the recorded resources.
type backend struct {
	cloud *awssim.Cloud

	mu         sync.Mutex
	clients    map[string]*awssim.Client         // by provider URN
	kubernetes map[string]bool                   // identities of the objects that exist
	deployed   resource.PropertyMap              // outputs of the last update
	stashed    map[string]resource.PropertyValue // first values, by logical name
}

// Register creates or reads a resource; an error of the model fails the resource.
func (b *backend) Register(r recorder.Registration) (string, resource.PropertyMap, error) {
	pkg, _, _ := strings.Cut(r.Type, ":")
	switch {
	case r.Type == "pulumi:providers:aws":
		return b.provider(r)
	case strings.HasPrefix(r.Type, "pulumi:providers:"):
		return "provider-" + r.Name, r.Inputs.Copy(), nil
	case r.Type == "pulumi:index:Stash":
		return "stash-" + r.Name, b.stash(r), nil
	case !r.Custom:
		return "", r.Inputs.Copy(), nil
	case pkg == "aws" && r.ID != "": // a Get function or an import
		return b.read(r)
	case pkg == "aws":
		return b.create(r)
	case pkg == "random":
		id, outputs, err := deterministic(r.Type+"/"+r.Name).Generate(r.Type, r.Inputs)
		if err != nil {
			return "", nil, fmt.Errorf("creating %s %s: %w", r.Type, r.Name, err)
		}
		return id, outputs, nil
	case pkg == "kubernetes":
		return b.kubernetesObject(r)
	}
	return "", nil, fmt.Errorf("resource type %q: the mocks support aws, random and kubernetes resources and components only", r.Type)
}

// Call returns the result of an AWS lookup, or the outputs of the last update.
func (b *backend) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	if args.Token == readStackOutputs {
		return b.stackOutputs(args.Args), nil
	}
	return b.client(args.Provider).Invoke(args.Token, args.Args)
}

// stash returns the value that was stored first, as the engine does, unless a change replaces the Stash.
func (b *backend) stash(r recorder.Registration) resource.PropertyMap {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, stored := b.stashed[r.Name]; !stored || slices.Contains(r.ReplaceOnChanges, "input") {
		b.stashed[r.Name] = r.Inputs["input"]
	}
	return resource.PropertyMap{"input": r.Inputs["input"], "output": b.stashed[r.Name]}
}

func (b *backend) provider(r recorder.Registration) (string, resource.PropertyMap, error) {
	client, found := b.cloud.NewClient(r.Inputs)
	if err := found.Err("provider " + r.Name); err != nil {
		return "", nil, err
	}
	b.mu.Lock()
	b.clients[r.URN] = client
	b.mu.Unlock()
	return "provider-" + r.Name, r.Inputs.Copy(), nil
}

// client is that of the provider a resource refers to as URN::ID; the default provider has no settings.
func (b *backend) client(reference string) *awssim.Client {
	b.mu.Lock()
	defer b.mu.Unlock()
	urn := reference
	if i := strings.LastIndex(reference, "::"); i >= 0 {
		urn = reference[:i]
	}
	if client := b.clients[urn]; client != nil {
		return client
	}
	client, _ := b.cloud.NewClient(nil) // without settings there is nothing to refuse
	return client
}

func (b *backend) create(r recorder.Registration) (string, resource.PropertyMap, error) {
	client := b.client(r.Provider)
	inputs, found, err := client.Check(r.Type, r.Name, r.Inputs, nil, nil)
	if err != nil {
		return "", nil, err
	}
	if err := found.Err(r.Type + " " + r.Name); err != nil {
		return "", nil, err
	}
	return client.Create(r.Type, r.Name, inputs)
}

func (b *backend) read(r recorder.Registration) (string, resource.PropertyMap, error) {
	outputs, _, err := b.client(r.Provider).Read(r.Type, r.ID, nil)
	if err == nil && outputs == nil {
		err = fmt.Errorf("reading %s: %q does not exist", r.Type, r.ID)
	}
	return r.ID, outputs, err
}

// deterministic generates values from the seed alone: a test gets the same ones in every run.
func deterministic(seed string) randomprovider.Generator {
	return randomprovider.Generator{
		Random: rand.NewChaCha8(sha256.Sum256([]byte(seed))),
		Hash:   func(password string) (string, error) { return "$2a$10$simulated" + digest(password, 18), nil },
	}
}

// digest is n bytes in hexadecimal that depend on the text.
func digest(text string, n int) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:n])
}
