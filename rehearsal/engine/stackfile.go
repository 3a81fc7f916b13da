package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"sigs.k8s.io/yaml"
)

// stackFile is the content of a Pulumi.<stack>.yaml.
type stackFile map[string]any

func stackFileName(stack string) string { return "Pulumi." + stack + ".yaml" }

func readStackFile(project, stack string) (stackFile, error) {
	path := filepath.Join(project, stackFileName(stack))
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no stack %q: %s does not exist", stack, path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the stack's settings: %w", err)
	}
	file := stackFile{}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return file, nil
}

// EncryptedSettings lists the keys of a stack's encrypted settings. A rehearsal cannot decrypt them: its copy of the stack
// file has generated values.
func EncryptedSettings(project, stack string) ([]string, error) {
	file, err := readStackFile(project, stack)
	if err != nil {
		return nil, err
	}
	return file.encrypted(), nil
}

func (f stackFile) encrypted() []string {
	settings, _ := f["config"].(map[string]any)
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		if value, ok := settings[key].(map[string]any); ok && value["secure"] != nil {
			keys = append(keys, key)
		}
	}
	return keys
}

// withoutSecrets returns the file without its encrypted settings and without their encryption keys.
func (f stackFile) withoutSecrets() ([]byte, error) {
	for _, key := range []string{"encryptionsalt", "encryptedkey", "secretsprovider"} {
		delete(f, key)
	}
	for _, key := range f.encrypted() {
		delete(f["config"].(map[string]any), key)
	}
	text, err := yaml.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("write the stack's settings: %w", err)
	}
	return text, nil
}
