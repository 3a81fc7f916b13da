package rehearsal

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

// overrides returns the settings by which a rehearsal differs from the stack file, by full key. Every secret is generated,
// those of the stack file too: a rehearsal has neither its key nor a use for them.
func (p *Program) overrides(apiPort int, drill *Drill, encrypted []string) (config, secrets map[string]string) {
	config, secrets = map[string]string{}, map[string]string{}
	if p.Config != nil {
		maps.Copy(config, p.Config(apiPort))
	}
	if drill != nil {
		maps.Copy(config, drill.Config)
	}
	for _, key := range append(encrypted, p.Secrets...) {
		secrets[key] = "rehearsal-" + rand.Text()
	}
	return config, secrets
}

// Redesign edits the settings and derives the design from them anew. The engine's settings stay as they are.
func (r *Rehearsal) Redesign(edit func(config map[string]string)) error {
	edit(r.config)
	overrides := maps.Clone(r.config)
	maps.Copy(overrides, r.secrets)
	design, err := r.Options.Program.Load(r.Options.Root, r.Options.Stack, overrides)
	if err == nil {
		r.Design = design
	}
	return err
}

// Load derives the design of a stack from its settings as the program will see them: the defaults of Pulumi.yaml, the stack
// file, and the overrides.
func (p *Program) Load(root, stack string, overrides map[string]string) (*Design, error) {
	config, err := loadConfig(filepath.Join(root, filepath.FromSlash(p.Folder)), stack, overrides)
	if err != nil {
		return nil, err
	}
	return p.Design(stack, config)
}

func loadConfig(folder, stack string, overrides map[string]string) (map[string]string, error) {
	values, err := defaults(filepath.Join(folder, "Pulumi.yaml"))
	if err != nil {
		return nil, err
	}
	var file struct {
		Config map[string]any `json:"config"`
	}
	if err := read(filepath.Join(folder, "Pulumi."+stack+".yaml"), &file); err != nil {
		return nil, err
	}
	for key, value := range file.Config {
		if _, overridden := overrides[key]; overridden {
			continue // it may be encrypted
		}
		if values[key], err = asPulumiStores(value); err != nil {
			return nil, fmt.Errorf("setting %s: %w", key, err)
		}
	}
	maps.Copy(values, overrides)
	return values, nil
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

// asPulumiStores writes a setting as the program gets it: strings as they are, everything else as JSON.
func asPulumiStores(value any) (string, error) {
	if text, ok := value.(string); ok {
		return text, nil
	}
	text, err := json.Marshal(value)
	return string(text), err
}
