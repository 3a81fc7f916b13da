package tools

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// pinnedVersion is the version at which the tool module in folder requires the module of the package.
func pinnedVersion(folder, pkg string) (string, error) {
	pinned, err := pinnedModule(folder, pkg)
	return pinned.Version, err
}

// pinnedModule is the module of the package, at the version that the tool module in folder requires.
func pinnedModule(folder, pkg string) (module.Version, error) {
	path := filepath.Join(folder, "go.mod")
	content, err := os.ReadFile(path)
	if err != nil {
		return module.Version{}, fmt.Errorf("reading the tool module: %w", err)
	}
	file, err := modfile.Parse(path, content, nil)
	if err != nil {
		return module.Version{}, fmt.Errorf("reading the tool module: %w", err)
	}
	var pinned module.Version
	for _, require := range file.Require {
		// The longest path wins: go.etcd.io/etcd/server/v3 is a module of its own, though go.etcd.io/etcd is one too.
		if holds(require.Mod.Path, pkg) && len(require.Mod.Path) > len(pinned.Path) {
			pinned = require.Mod
		}
	}
	if pinned.Path == "" {
		return module.Version{}, fmt.Errorf("%s requires no module that holds %s", path, pkg)
	}
	return pinned, nil
}

func holds(path, pkg string) bool {
	return pkg == path || strings.HasPrefix(pkg, path+"/")
}
