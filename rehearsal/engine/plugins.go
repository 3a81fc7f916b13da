package engine

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/blang/semver"
)

// FindPlugin returns the path of a package's installed plugin, from PATH, from Pulumi's plugin folder or from that of another
// Pulumi home, or "" if there is none. major is the required major version, e.g. "4".
func FindPlugin(name, major string, homes ...string) string {
	program := "pulumi-resource-" + name
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	home := os.Getenv("PULUMI_HOME")
	if home == "" {
		if user, err := os.UserHomeDir(); err == nil {
			home = filepath.Join(user, ".pulumi")
		}
	}
	for _, home := range append([]string{home}, homes...) {
		if path := newestPlugin(home, name, major); path != "" {
			return path
		}
	}
	return ""
}

// newestPlugin is the plugin of the highest version of a major in a Pulumi home.
func newestPlugin(home, name, major string) string {
	prefix, program := "resource-"+name+"-v", "pulumi-resource-"+name
	found, err := filepath.Glob(filepath.Join(home, "plugins", prefix+major+".*", program))
	if err != nil || len(found) == 0 {
		return ""
	}
	return slices.MaxFunc(found, func(a, b string) int {
		return pluginVersion(a, prefix).Compare(pluginVersion(b, prefix))
	})
}

func pluginVersion(path, prefix string) semver.Version {
	version, _ := semver.ParseTolerant(strings.TrimPrefix(filepath.Base(filepath.Dir(path)), prefix)) // 0.0.0 for a stray folder
	return version
}

// The two limits of a download: pluginProbe for a machine without internet, which must not wait, and pluginDownload for one
// that has it.
const (
	pluginProbe    = 3 * time.Second
	pluginDownload = 3 * time.Minute
	pluginSource   = "https://get.pulumi.com/"
)

// InstallPlugin has the Pulumi CLI at path cli download a plugin into a Pulumi home, and returns its program's path.
func InstallPlugin(ctx context.Context, cli, home, name, version string) (string, error) {
	if err := reach(ctx, pluginSource); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, pluginDownload)
	defer cancel()
	c, err := newCommand(ctx, cli, map[string]string{"PULUMI_HOME": home, "PULUMI_SKIP_UPDATE_CHECK": "true"})
	if err != nil {
		return "", err
	}
	c.env = append(c.env, proxySettings()...)
	if _, stderr, _, err := c.Run(ctx, filepath.Dir(cli), nil, nil, nil, nil, "plugin", "install", "resource", name, version); err != nil {
		return "", fmt.Errorf("pulumi plugin install resource %s %s: %w: %s", name, version, err, strings.TrimSpace(stderr))
	}
	path := filepath.Join(home, "plugins", "resource-"+name+"-v"+version, "pulumi-resource-"+name)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("pulumi plugin install resource %s %s: %w", name, version, err)
	}
	return path, nil
}

// proxySettings are the person's own, for programs that use the internet.
func proxySettings() (settings []string) {
	for _, name := range []string{"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy"} {
		if value, ok := os.LookupEnv(name); ok {
			settings = append(settings, name+"="+value)
		}
	}
	return settings
}

func reach(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, pluginProbe)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
	if err != nil {
		return fmt.Errorf("reach %s: %w", url, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("reach %s: %w", url, err)
	}
	return response.Body.Close()
}

// PluginEnvironment is an environment for a plugin that is started outside the engine: as the CLI's, nothing of the
// person's own cloud or cluster settings, and the way to the internet.
func PluginEnvironment() []string {
	environment := append(inheritedVariables(), proxySettings()...)
	return append(environment, "PATH="+os.Getenv("PATH"))
}
