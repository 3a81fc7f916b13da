package rehearsal

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/growbin/cluster/rehearsal/charts"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/rehearsal/k8splugin"
	"github.com/growbin/cluster/rehearsal/tools"
)

// The packages whose real plugins a rehearsal runs where it can.
const (
	kubernetesPackage = "kubernetes"
	randomPackage     = "random"
)

// plugin is a provider's program on this machine.
type plugin struct {
	// path is empty if there is none.
	path string
	// origin is how it was had, for the report.
	origin string
	// version of the SDK that the program pins.
	version string
}

// findPlugins finds the plugins of the program in folder root: installed, else downloaded in the very version that the program
// pins, else built from its module. pulumi-random has no module that serves, so that a fake takes its place. pulumi is the
// path of the CLI.
func findPlugins(ctx context.Context, root string, builder *tools.Builder, pulumi string, logf func(format string, args ...any)) (map[string]plugin, error) {
	plugins := map[string]plugin{}
	for _, name := range []string{kubernetesPackage, randomPackage} {
		version, major, err := pinnedSDK(root, name)
		if err != nil {
			return nil, err
		}
		found := plugin{version: version}
		home := builder.Folder("pulumi-home")
		if found.path = engine.FindPlugin(name, major, home); found.path != "" {
			found.origin = "installed at " + found.path
		} else if found.path, err = engine.InstallPlugin(ctx, pulumi, home, name, version); err == nil {
			found.origin = version + ", downloaded by pulumi plugin install"
		} else {
			logf("%s %s cannot be downloaded: %v", name, version, err)
		}
		plugins[name] = found
	}
	if plugins[kubernetesPackage].path != "" {
		return plugins, nil
	}
	built, err := builder.Build(ctx, tools.PulumiKubernetes())
	if err != nil {
		return nil, err
	}
	module, err := builder.Version(tools.PulumiKubernetes())
	if err != nil {
		return nil, err
	}
	plugins[kubernetesPackage] = plugin{
		path: built[tools.PulumiKubernetes().Name], origin: "built from its Go module " + module, version: plugins[kubernetesPackage].version,
	}
	return plugins, nil
}

// pinnedSDK is the version of a provider's SDK that the program requires, without its v, and the major version.
func pinnedSDK(root, name string) (version, major string, err error) {
	path := filepath.Join(root, "go.mod")
	content, err := os.ReadFile(path)
	if err != nil {
		return "", "", fmt.Errorf("read the program's module: %w", err)
	}
	file, err := modfile.ParseLax(path, content, nil)
	if err != nil {
		return "", "", fmt.Errorf("read the program's module: %w", err)
	}
	for _, require := range file.Require {
		if strings.HasPrefix(require.Mod.Path, "github.com/pulumi/pulumi-"+name+"/sdk/") {
			version = strings.TrimPrefix(require.Mod.Version, "v")
			major, _, _ = strings.Cut(version, ".")
			return version, major, nil
		}
	}
	return "", "", fmt.Errorf("%s requires no SDK of pulumi-%s", path, name)
}

// openProviders starts the providers that the engine attaches to. plugins are those that the engine starts itself.
func (r *Rehearsal) openProviders(ctx context.Context, providers map[string]int, plugins map[string]string) error {
	var err error
	if r.charts, err = charts.Open(ctx, r.Options.Charts, filepath.Join(r.state, "charts.pem")); err != nil {
		return err
	}
	r.Defer(r.charts.Close)
	opened, err := openProviders(ctx, r.plugins, r.state, r.charts, Patience)
	if err != nil {
		return err
	}
	r.Defer(opened.Close)
	r.kubernetes = opened.Kubernetes
	maps.Copy(providers, opened.Ports)
	maps.Copy(plugins, opened.Programs)
	return nil
}

// SetStandIn has f called in place of each Helm release that is left out, as the update creates it.
func (r *Rehearsal) SetStandIn(f k8splugin.StandIn) { r.kubernetes.SetStandIn(f) }

// pluginProvenance notes in the report how each plugin was had.
func (r *Rehearsal) pluginProvenance() {
	for _, name := range []string{kubernetesPackage, randomPackage} {
		switch found, ok := r.plugins[name]; {
		case !ok:
		case found.path != "":
			r.report.Real = append(r.report.Real, fmt.Sprintf("provider plugin %s: %s", name, found.origin))
		default:
			r.report.Simulated = append(r.report.Simulated, fmt.Sprintf("provider plugin %s: a fake of %s", name, found.version))
		}
	}
	if r.charts == nil {
		return
	}
	if path, count := r.charts.Folder(); count > 0 {
		r.report.Real = append(r.report.Real, fmt.Sprintf("%d Helm charts from %s", count, path))
	}
}
