package k8sprovider

import (
	"context"
	"fmt"
	"sort"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/growbin/cluster/internal/testing/fakeprovider"
)

// Provider is the stand-in as a whole: it outlives the engine's connections, and remembers what was not installed.
type Provider struct {
	patience time.Duration

	mu           sync.Mutex
	notInstalled map[string]NotInstalled
}

// NotInstalled is a Helm release or chart that the program asked for and that was not installed here.
type NotInstalled struct {
	Name    string `json:"name"`
	Chart   string `json:"chart"`
	Version string `json:"version,omitempty"`
	Reason  string `json:"reason"`
}

// New returns a stand-in that has installed nothing yet. patience bounds every wait for an object, whatever its own limit
// is; 0 leaves the limits of the real provider, which reckon with images to pull and programs to start.
func New(patience time.Duration) *Provider {
	return &Provider{patience: patience, notInstalled: map[string]NotInstalled{}}
}

// Serve starts it on a loopback port.
func (p *Provider) Serve(ctx context.Context) (*fakeprovider.Server, error) {
	return fakeprovider.Serve(ctx, p.instance)
}

// NotInstalled lists what was asked for and left out, by name.
func (p *Provider) NotInstalled() []NotInstalled {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]NotInstalled, 0, len(p.notInstalled))
	for _, item := range p.notInstalled {
		list = append(list, item)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}

func (p *Provider) leaveOut(item NotInstalled) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notInstalled[item.Name] = item
}

func (p *Provider) instance(ctx context.Context) pulumirpc.ResourceProviderServer {
	return &instance{Base: fakeprovider.NewBase(ctx, "kubernetes", Version), provider: p}
}

// instance serves one provider resource of the program: one kubeconfig, one cluster.
type instance struct {
	*fakeprovider.Base
	provider *Provider
	settings settings
	cluster  *cluster
	// unreachable says why there is no cluster; creating or changing anything then fails with it.
	unreachable error
}

func (i *instance) reachable() error {
	if i.unreachable != nil {
		return fmt.Errorf("configured Kubernetes cluster is unreachable: %w", i.unreachable)
	}
	if i.cluster == nil {
		return fmt.Errorf("the Kubernetes provider was used before it was configured")
	}
	return nil
}

// nameOf is the resource's name in the program, for messages.
func nameOf(urn string) string { return resource.URN(urn).Name() }
