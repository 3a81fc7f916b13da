package tools

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
)

// pinnedVersion is the version at which the tool module in folder requires the module of the package.
func pinnedVersion(folder, pkg string) (string, error) {
	path := filepath.Join(folder, "go.mod")
	content, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading the tool module: %w", err)
	}
	file, err := modfile.Parse(path, content, nil)
	if err != nil {
		return "", fmt.Errorf("reading the tool module: %w", err)
	}
	module, version := "", ""
	for _, require := range file.Require {
		// The longest path wins: go.etcd.io/etcd/server/v3 is a module of its own, though go.etcd.io/etcd is one too.
		if holds(require.Mod.Path, pkg) && len(require.Mod.Path) > len(module) {
			module, version = require.Mod.Path, require.Mod.Version
		}
	}
	if module == "" {
		return "", fmt.Errorf("%s requires no module that holds %s", path, pkg)
	}
	return version, nil
}

func holds(module, pkg string) bool {
	return pkg == module || strings.HasPrefix(pkg, module+"/")
}
