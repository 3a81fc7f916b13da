package rehearsal

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/growbin/cluster/internal/testing/randomprovider"
	"github.com/growbin/cluster/rehearsal/charts"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/rehearsal/k8splugin"
	"github.com/growbin/cluster/rehearsal/tools"
)

// Providers are the plugins of an engine for Kubernetes and random values.
type Providers struct {
	// Ports are the loopback ports of those that the engine attaches to, Programs the paths of those that it starts, by package.
	Ports    map[string]int
	Programs map[string]string
	// Kubernetes is the real provider with its forwarder.
	Kubernetes *k8splugin.Plugin

	closers []func()
}

// OpenProviders finds the plugins for the program in folder root, as a rehearsal does, and starts them without charts: Helm
// releases are left out unless their repositories can be reached. pulumi is the path of the CLI, state a folder for logs and
// caches, patience the longest wait for one object.
func OpenProviders(ctx context.Context, root, state, pulumi string, builder *tools.Builder, patience time.Duration, logf func(string, ...any)) (*Providers, error) {
	plugins, err := findPlugins(ctx, root, builder, pulumi, logf)
	if err != nil {
		return nil, err
	}
	source, err := charts.Open(ctx, "", "")
	if err != nil {
		return nil, err
	}
	return openProviders(ctx, plugins, state, source, patience)
}

func openProviders(ctx context.Context, plugins map[string]plugin, state string, source *charts.Source, patience time.Duration) (*Providers, error) {
	environment := append(engine.PluginEnvironment(), "KUBECONFIG="+os.DevNull)
	// Its processes leave the kubeconfig there.
	temporary := filepath.Join(state, "tmp")
	if err := os.MkdirAll(temporary, 0o700); err != nil {
		return nil, fmt.Errorf("make a folder for the Kubernetes provider: %w", err)
	}
	environment = append(environment, "TMPDIR="+temporary)
	for _, name := range []string{"CACHE", "CONFIG", "DATA"} {
		environment = append(environment, "HELM_"+name+"_HOME="+filepath.Join(state, "helm", strings.ToLower(name)))
	}
	p := &Providers{Ports: map[string]int{}, Programs: map[string]string{}, Kubernetes: k8splugin.NewPlugin(k8splugin.Options{
		Program:     plugins[kubernetesPackage].path,
		Environment: append(environment, source.Environment()...),
		Log:         filepath.Join(state, "logs", "kubernetes-plugin.log"),
		Patience:    patience,
		Charts:      source,
	})}
	server, err := p.Kubernetes.Serve(ctx)
	if err != nil {
		return nil, err
	}
	p.Ports[kubernetesPackage] = server.Port
	p.closers = append(p.closers, server.Close)
	if path := plugins[randomPackage].path; path != "" {
		p.Programs[randomPackage] = path
		return p, nil
	}
	random, err := randomprovider.Serve(ctx)
	if err != nil {
		p.Close()
		return nil, err
	}
	p.Ports[randomPackage] = random.Port
	p.closers = append(p.closers, random.Close)
	return p, nil
}

// Close ends them.
func (p *Providers) Close() {
	for _, f := range slices.Backward(p.closers) {
		f()
	}
}
