package lab

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"

	"github.com/growbin/cluster/stacks"
)

const (
	prefix = "growbin:"
	// stack is the one whose machines boot.
	stack = "dev"
	// bootMinutes bounds how long the program waits for the control plane.
	bootMinutes = "20"
)

// readSettings reads what the program will be told: the defaults, the stack file, and the lab's own.
func (l *Lab) readSettings() error {
	l.config = map[string]string{}
	var project struct {
		Config map[string]struct {
			Default any `json:"default"`
		} `json:"config"`
	}
	if err := readYAML(filepath.Join(l.options.Root, "Pulumi.yaml"), &project); err != nil {
		return err
	}
	for key, schema := range project.Config {
		if schema.Default != nil {
			if err := l.set(key, schema.Default); err != nil {
				return err
			}
		}
	}
	var file struct {
		Config map[string]any `json:"config"`
	}
	if err := readYAML(filepath.Join(l.options.Root, "Pulumi."+stack+".yaml"), &file); err != nil {
		return err
	}
	for key, value := range file.Config {
		if object, ok := value.(map[string]any); ok && object["secure"] != nil {
			value = "made-up-by-the-lab" // nobody here has the key to the real one
		}
		if err := l.set(key, value); err != nil {
			return err
		}
	}
	for key, value := range map[string]string{
		"apiAccess": string(stacks.AccessSessionManager), "bootTimeoutMinutes": bootMinutes, "sshKeyName": "",
		"openaiApiKey": "made-up-by-the-lab", "kakaoApiKey": "made-up-by-the-lab",
	} {
		l.config[prefix+key] = value
	}
	var err error
	l.settings, err = stacks.DecodeSettings(stack, stacks.Source{
		Get:      func(key string) (string, bool) { value, ok := l.config[prefix+key]; return value, ok },
		IsSecret: func(string) bool { return true },
	})
	return err
}

// set stores a value as Pulumi does, lists as JSON.
func (l *Lab) set(key string, value any) error {
	switch value.(type) {
	case []any, map[string]any:
		text, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("setting %s: %w", key, err)
		}
		l.config[key] = string(text)
	default:
		l.config[key] = fmt.Sprint(value)
	}
	return nil
}

func readYAML(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the settings: %w", err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	return nil
}

// node is a row of the topology.
func (l *Lab) node(name string) (stacks.Node, error) {
	var names []string
	for _, n := range l.settings.Nodes {
		if n.Name == name {
			return n, nil
		}
		names = append(names, n.Name)
	}
	return stacks.Node{}, fmt.Errorf("there is no node %q among %v", name, names)
}
