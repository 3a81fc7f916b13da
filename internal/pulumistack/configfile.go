package pulumistack

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"

	"github.com/growbin/cluster/internal/roll"
)

// Settings are the full keys (project:key) of the settings that a roll overrides.
type Settings struct{ Roll, Surge, Unprotected string }

// ConfigFile writes a copy of a stack's settings with the overrides, for one operation. The stack's own file is not touched,
// so a roll that is cut off leaves no such setting behind. The copy can be read by its owner only; remove deletes it.
func ConfigFile(dir, stack string, keys Settings, o roll.Overrides) (path string, remove func(), err error) {
	own := filepath.Join(dir, "Pulumi."+stack+".yaml")
	text, err := os.ReadFile(own)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, fmt.Errorf("there is no stack %q: %s does not exist", stack, own)
	}
	if err != nil {
		return "", nil, fmt.Errorf("read the stack's settings: %w", err)
	}
	file := map[string]any{}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return "", nil, fmt.Errorf("read %s: %w", own, err)
	}
	config, _ := file["config"].(map[string]any)
	if config == nil {
		config = map[string]any{}
	}
	for key, nodes := range map[string][]string{keys.Roll: o.Roll, keys.Surge: o.Surge, keys.Unprotected: o.Unprotected} {
		delete(config, key)
		if len(nodes) > 0 {
			config[key] = nodes
		}
	}
	file["config"] = config
	if text, err = yaml.Marshal(file); err != nil {
		return "", nil, fmt.Errorf("write the settings of one update: %w", err)
	}
	return write(stack, text)
}

func write(stack string, text []byte) (path string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "roll-") // 0700
	if err != nil {
		return "", nil, fmt.Errorf("make room for the settings of one update: %w", err)
	}
	remove = func() { _ = os.RemoveAll(dir) } // what is left is in the system's temporary directory, and encrypted where it matters
	path = filepath.Join(dir, "Pulumi."+stack+".yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		remove()
		return "", nil, fmt.Errorf("write the settings of one update: %w", err)
	}
	return path, remove, nil
}
