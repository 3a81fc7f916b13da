package engine

import (
	"os"
	"os/exec"
	"path/filepath"
	"sort"
)

// FindPlugin looks for the real plugin of a package on this machine: on PATH, or where Pulumi installs plugins. It
// returns the program's path, or "" when there is none. major is the version that the program was written for, like "4".
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
