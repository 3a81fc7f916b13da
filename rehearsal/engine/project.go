package engine

import (
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"

	"github.com/growbin/cluster/internal/stackfile"
)

// copyProject copies the project and stack file, because the CLI writes an encryption salt into the stack file. Installed
// plugins are added to the copy with their path, so that Pulumi looks for no other version.
func copyProject(from, to, stack string, plugins map[string]string) error {
	text, err := os.ReadFile(filepath.Join(from, "Pulumi.yaml"))
	if err != nil {
		return fmt.Errorf("read the project: %w", err)
	}
	project := map[string]any{}
	if err := yaml.Unmarshal(text, &project); err != nil {
		return fmt.Errorf("read Pulumi.yaml: %w", err)
	}
	file, err := stackfile.ReadStack(from, stack)
	if err != nil {
		return err
	}
	config, err := file.WithoutSecrets()
	if err != nil {
		return err
	}
	// The CLI changes into the program's folder even if the program is served from this process.
	program, _ := project["main"].(string)
	if err := os.MkdirAll(filepath.Join(to, filepath.FromSlash(program)), 0o700); err != nil {
		return fmt.Errorf("make the program's folder: %w", err)
	}
	for file, content := range map[string][]byte{stackfile.ProjectFile: text, stackfile.FileName(stack): config} {
		if err := os.WriteFile(filepath.Join(to, file), content, 0o600); err != nil {
			return fmt.Errorf("copy the project: %w", err)
		}
	}
	if len(plugins) == 0 {
		return nil
	}
	return editProject(to, func(project map[string]any) {
		var providers []map[string]any
		for name, path := range plugins {
			providers = append(providers, map[string]any{"name": name, "path": filepath.Dir(path)})
		}
		project["plugins"] = map[string]any{"providers": providers}
	})
}

// editProject changes the Pulumi.yaml of a copied project.
func editProject(dir string, edit func(project map[string]any)) error {
	path := filepath.Join(dir, stackfile.ProjectFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the project: %w", err)
	}
	project := map[string]any{}
	if err := yaml.Unmarshal(text, &project); err != nil {
		return fmt.Errorf("read Pulumi.yaml: %w", err)
	}
	edit(project)
	if text, err = yaml.Marshal(project); err != nil {
		return fmt.Errorf("write Pulumi.yaml: %w", err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return fmt.Errorf("write Pulumi.yaml: %w", err)
	}
	return nil
}
