package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"

	"github.com/growbin/cluster/stacks"
)

// prefix begins the settings' keys in the stack files.
const prefix = "growbin:"

// loadSettings reads a stack's settings as the program will see them: the defaults of Pulumi.yaml, the stack file, and
// the rehearsal's own.
func loadSettings(root, stack string, own map[string]string) (*stacks.Settings, error) {
	values, err := defaults(filepath.Join(root, "Pulumi.yaml"))
	if err != nil {
		return nil, err
	}
	var file struct {
		Config map[string]any `json:"config"`
	}
	if err := read(filepath.Join(root, "Pulumi."+stack+".yaml"), &file); err != nil {
		return nil, err
	}
	for key, value := range file.Config {
		if _, made := own[key]; made {
			continue // an encrypted one, for example
		}
		if values[key], err = asPulumiStores(value); err != nil {
			return nil, fmt.Errorf("setting %s: %w", key, err)
		}
	}
	maps.Copy(values, own)
	return stacks.DecodeSettings(stack, stacks.Source{
		Get: func(key string) (string, bool) {
			value, ok := values[prefix+key]
			return value, ok
		},
		// The rehearsal's own secrets are encrypted like a person's.
		IsSecret: func(string) bool { return true },
	})
}

func defaults(path string) (map[string]string, error) {
	var project struct {
		Config map[string]struct {
			Default any `json:"default"`
		} `json:"config"`
	}
	if err := read(path, &project); err != nil {
		return nil, err
	}
	values := map[string]string{}
	for key, setting := range project.Config {
		if setting.Default == nil {
			continue
		}
		var err error
		if values[key], err = asPulumiStores(setting.Default); err != nil {
			return nil, fmt.Errorf("default of %s: %w", key, err)
		}
	}
	return values, nil
}

func read(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the settings: %w", err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

// asPulumiStores writes a setting as the program gets it: texts as they are, everything else as JSON.
func asPulumiStores(value any) (string, error) {
	if text, ok := value.(string); ok {
		return text, nil
	}
	text, err := json.Marshal(value)
	return string(text), err
}
