// Package k8splugin runs the real pulumi-kubernetes for a rehearsal.
//
// The engine attaches to a forwarder in this process, which passes every request on to a plugin process of its own. The
// forwarder answers by itself for one type alone: a Helm release whose chart cannot be had here. The real provider loads
// the chart in Check already, so that a preview without a way to the chart repository would fail.
package k8splugin

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/growbin/cluster/internal/testing/fakeprovider"
)

// Charts reports which charts can be had.
type Charts interface {
	// Missing returns the reason why a chart cannot be had; empty if it can.
	Missing(ctx context.Context, repository, chart, version string) string
}

// Options of a plugin.
type Options struct {
	// Program is the path of pulumi-resource-kubernetes.
	Program string
	// Environment of the program, as KEY=value: nothing of the person's own kubeconfig or Helm settings.
	Environment []string
	// Log is the file that the program's own messages are appended to.
	Log string
	// Patience bounds every wait for an object; 0 leaves the provider's limits, which allow for images to pull.
	Patience time.Duration
	Charts   Charts
}

// NotInstalled is a Helm release that the program has and a rehearsal left out.
type NotInstalled struct {
	Name    string
	Chart   string
	Version string
	Reason  string
}

// Plugin is the provider as a whole. It outlives the engine's connections.
type Plugin struct {
	options Options

	mu           sync.Mutex
	notInstalled map[string]NotInstalled
	standIn      StandIn
}

// StandIn installs something in place of a release that is left out. Its error fails the release.
type StandIn func(ctx context.Context, release NotInstalled) error

// NewPlugin returns a plugin that has no process yet: each connection of the engine starts one.
func NewPlugin(options Options) *Plugin {
	return &Plugin{options: options, notInstalled: map[string]NotInstalled{}}
}

// Serve listens on a loopback port until ctx ends.
func (p *Plugin) Serve(ctx context.Context) (*fakeprovider.Server, error) {
	return fakeprovider.Serve(ctx, func(ctx context.Context) pulumirpc.ResourceProviderServer {
		return p.forwarder(func() (pulumirpc.ResourceProviderClient, error) { return start(ctx, p.options) })
	})
}

func (p *Plugin) forwarder(connect func() (pulumirpc.ResourceProviderClient, error)) *forwarder {
	return &forwarder{plugin: p, connect: sync.OnceValues(connect)}
}

// NotInstalled lists the releases that were left out, by name.
func (p *Plugin) NotInstalled() []NotInstalled {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.SortedFunc(maps.Values(p.notInstalled), func(a, b NotInstalled) int { return cmp.Compare(a.Name, b.Name) })
}

func (p *Plugin) leaveOut(item NotInstalled) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notInstalled[item.Name] = item
}

// SetStandIn has f called whenever a release that is left out is created, before the engine learns that it is.
func (p *Plugin) SetStandIn(f StandIn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.standIn = f
}

// replace calls the stand-in, if there is one. Other requests go on meanwhile.
func (p *Plugin) replace(ctx context.Context, item NotInstalled) error {
	p.mu.Lock()
	f := p.standIn
	p.mu.Unlock()
	if f == nil {
		return nil
	}
	if err := f(ctx, item); err != nil {
		return fmt.Errorf("stand in for release %s: %w", item.Name, err)
	}
	return nil
}

// bounded is the timeout of one request, in seconds; 0 is the provider's own.
func (p *Plugin) bounded(seconds float64) float64 {
	patience := p.options.Patience.Seconds()
	if patience == 0 || seconds > 0 && seconds < patience {
		return seconds
	}
	return patience
}
