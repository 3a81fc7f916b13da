package pulumistack

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/growbin/cluster/internal/roll"
	"github.com/growbin/cluster/internal/stackfile"
)

// Settings are the full keys (project:key) of the settings that a roll overrides.
type Settings struct {
	// Roll is the key of the list of nodes that may be replaced.
	Roll string
	// Surge is the key of the list of nodes with a surge instance.
	Surge string
	// Unprotected is the key of the list of nodes without deletion protection.
	Unprotected string
	// Locks is the key of the list with the ID of the roll's lock.
	Locks string
	// Image is the key of the machine image of new instances.
	Image string
	// Types is the key of the list of instance types, each as node=type.
	Types string
}

// ConfigFile writes a copy of a stack file with the overrides, for one operation. The stack file is unchanged, so an interrupted
// roll leaves no override behind. Only the owner can read the copy; remove deletes it.
func ConfigFile(dir, stack string, keys Settings, o roll.Overrides) (path string, remove func(), err error) {
	file, err := stackfile.ReadStack(dir, stack)
	if err != nil {
		return "", nil, err
	}
	overrides := map[string]any{
		keys.Roll: o.Roll, keys.Surge: o.Surge, keys.Unprotected: o.Unprotected, keys.Locks: o.Locks, keys.Image: o.Image,
	}
	if len(o.Types) > 0 {
		own, err := file.List(keys.Types)
		if err != nil {
			return "", nil, err
		}
		overrides[keys.Types] = withTypes(own, o.Types)
	}
	text, err := file.WithOverrides(overrides)
	if err != nil {
		return "", nil, err
	}
	return write(stack, text)
}

// withTypes returns a list of node=type in which those of types replace others.
func withTypes(list []string, types map[string]string) []string {
	list = slices.DeleteFunc(slices.Clone(list), func(pair string) bool {
		node, _, _ := strings.Cut(pair, "=")
		return types[node] != ""
	})
	for _, node := range slices.Sorted(maps.Keys(types)) {
		list = append(list, node+"="+types[node])
	}
	return list
}

func write(stack string, text []byte) (path string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "roll-") // 0700
	if err != nil {
		return "", nil, fmt.Errorf("create a folder for the settings of one update: %w", err)
	}
	remove = func() { _ = os.RemoveAll(dir) } // a leftover copy is in the temporary folder, its secrets encrypted
	path = filepath.Join(dir, stackfile.FileName(stack))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		remove()
		return "", nil, fmt.Errorf("write the settings of one update: %w", err)
	}
	return path, remove, nil
}
