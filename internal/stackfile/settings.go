// Package project reads the project's files for commands that run without Pulumi.
package stackfile

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

const madeUp = "made up"

// required are the secrets that no stack file of the repository has.
var required = []string{"growbin:openaiApiKey", "growbin:kakaoApiKey"}

// Settings returns a stack's settings by their full keys as Pulumi would pass them, and which of them are secret. root is the
// folder with Pulumi.yaml. Secrets are made up: they cannot be read without the stack's passphrase.
func Settings(root, stack string) (config map[string]string, secrets []string, err error) {
	config = map[string]string{}
	for _, key := range required {
		config[key], secrets = madeUp, append(secrets, key)
	}
	var project struct {
		Config map[string]struct {
			Default any `json:"default"`
		} `json:"config"`
	}
	if err := readYAML(filepath.Join(root, "Pulumi.yaml"), &project); err != nil {
		return nil, nil, err
	}
	for key, setting := range project.Config {
		if setting.Default != nil && config[key] == "" {
			config[key] = text(setting.Default)
		}
	}
	var file struct {
		Config map[string]any `json:"config"`
	}
	if err := readYAML(filepath.Join(root, "Pulumi."+stack+".yaml"), &file); err != nil {
		return nil, nil, err
	}
	for key, value := range file.Config {
		if _, encrypted := value.(map[string]any); encrypted {
			value = madeUp
			secrets = append(secrets, key)
		}
		config[key] = text(value)
	}
	return config, secrets, nil
}

// text writes a setting as Pulumi stores it: lists as JSON.
func text(value any) string {
	if list, ok := value.([]any); ok {
		out, err := json.Marshal(list)
		if err == nil {
			return string(out)
		}
	}
	return fmt.Sprint(value)
}

func readYAML(file string, into any) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := yaml.Unmarshal(content, into); err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	return nil
}
