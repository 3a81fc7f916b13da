// Package stackfile reads a Pulumi project's files, Pulumi.yaml and Pulumi.<stack>.yaml, for commands that run without
// Pulumi. Values are decoded by Pulumi's own config package, so both agree on the text of a value and on its encryption.
package stackfile

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"sigs.k8s.io/yaml"
)

// ProjectFile is the name of the project's file.
const ProjectFile = "Pulumi.yaml"

// Project is the content of Pulumi.yaml.
type Project struct {
	// Name is the namespace of the project's settings.
	Name string `json:"name"`
	// Main is the program's folder, relative to Pulumi.yaml.
	Main string `json:"main"`
	// Config holds the declared settings by full key (project:key).
	Config map[string]Setting `json:"config"`
}

// Setting is the declaration of one setting in Pulumi.yaml.
type Setting struct {
	// Type is string, integer, boolean or array.
	Type string `json:"type"`
	// Description explains the setting to its users.
	Description string `json:"description"`
	// Secret is true if the value must be encrypted in the stack file.
	Secret bool `json:"secret"`
	// Default is nil if the stack must set the value.
	Default *config.Value `json:"default"`
}

// ReadProject reads the Pulumi.yaml of a folder.
func ReadProject(dir string) (*Project, error) {
	path := filepath.Join(dir, ProjectFile)
	project := &Project{}
	if err := readYAML(path, project); err != nil {
		return nil, err
	}
	settings := make(map[string]Setting, len(project.Config))
	for key, setting := range project.Config {
		if !strings.Contains(key, ":") { // Pulumi's short form
			key = project.Name + ":" + key
		}
		settings[key] = setting
	}
	project.Config = settings
	return project, nil
}

// Defaults returns the default values by full key, in the form in which Pulumi passes them to the program.
func (p *Project) Defaults() (map[string]string, error) {
	values := map[string]string{}
	for key, setting := range p.Config {
		if setting.Default == nil {
			continue
		}
		value, err := setting.Default.Value(config.NopDecrypter)
		if err != nil {
			return nil, fmt.Errorf("default of %s: %w", key, err)
		}
		values[key] = value
	}
	return values, nil
}

// Values returns the settings of a stack by full key: the project's defaults, overridden by the stack file. Encrypted settings
// have no value; their keys are returned in alphabetical order.
func Values(dir, stack string) (values map[string]string, encrypted []string, err error) {
	project, err := ReadProject(dir)
	if err != nil {
		return nil, nil, err
	}
	if values, err = project.Defaults(); err != nil {
		return nil, nil, err
	}
	file, err := ReadStack(dir, stack)
	if err != nil {
		return nil, nil, err
	}
	own, err := file.Values()
	if err != nil {
		return nil, nil, err
	}
	maps.Copy(values, own)
	encrypted = file.Encrypted()
	for _, key := range encrypted {
		delete(values, key)
	}
	return values, encrypted, nil
}

func readYAML(path string, into any) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s does not exist: %w", path, fs.ErrNotExist)
	}
	if err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}
