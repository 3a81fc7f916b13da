package engine

import (
	"os"
	"os/exec"
	"path/filepath"
	"sort"
)

// FindPlugin returns the path of a package's installed plugin, from PATH or from Pulumi's plugin folder, or "" if there is
// none. major is the required major version, e.g. "4".
func FindPlugin(name, major string) string {
	program := "pulumi-resource-" + name
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	home := os.Getenv("PULUMI_HOME")
	if home == "" {
		user, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		home = filepath.Join(user, ".pulumi")
	}
	found, err := filepath.Glob(filepath.Join(home, "plugins", "resource-"+name+"-v"+major+".*", program))
	if err != nil || len(found) == 0 {
		return ""
	}
	sort.Strings(found)
	return found[len(found)-1]
}
