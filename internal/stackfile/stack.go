package stackfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"sigs.k8s.io/yaml"
)

// Stack is the content of a Pulumi.<stack>.yaml.
type Stack struct {
	// content is the whole file, for copies of it.
	content map[string]json.RawMessage
	// settings are those of the file by full key, for copies of it.
	settings map[string]json.RawMessage
	// config holds the same settings, as Pulumi decodes them.
	config config.Map
}

// FileName returns the name of a stack's file.
func FileName(stack string) string { return "Pulumi." + stack + ".yaml" }

// ReadStack reads the file of a stack in the project's folder.
func ReadStack(dir, stack string) (*Stack, error) {
	path := filepath.Join(dir, FileName(stack))
	s := &Stack{}
	err := readYAML(path, &s.content)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no stack %q: %w", stack, err)
	}
	if err != nil {
		return nil, err
	}
	if text, ok := s.content["config"]; ok {
		for _, into := range []any{&s.config, &s.settings} {
			if err := json.Unmarshal(text, into); err != nil {
				return nil, fmt.Errorf("read %s: %w", path, err)
			}
		}
	}
	return s, nil
}

// Encrypted returns the keys of the settings that are encrypted or contain an encrypted value, in alphabetical order.
func (s *Stack) Encrypted() []string {
	var keys []string
	for _, key := range s.config.SecureKeys() {
		keys = append(keys, key.String())
	}
	slices.Sort(keys)
	return keys
}

// Values returns the settings that are not encrypted by full key, in the form in which Pulumi passes them to the program:
// strings unchanged, lists and objects as JSON.
func (s *Stack) Values() (map[string]string, error) {
	values := map[string]string{}
	for key, value := range s.config {
		if value.Secure() {
			continue
		}
		text, err := value.Value(config.NopDecrypter)
		if err != nil {
			return nil, fmt.Errorf("setting %s: %w", key, err)
		}
		values[key.String()] = text
	}
	return values, nil
}

// WithoutSecrets returns the file's YAML without encrypted settings and without the encryption's own keys.
func (s *Stack) WithoutSecrets() ([]byte, error) {
	settings := maps.Clone(s.settings)
	for _, key := range s.Encrypted() {
		delete(settings, key)
	}
	content := maps.Clone(s.content)
	for _, key := range []string{"encryptionsalt", "encryptedkey", "secretsprovider"} {
		delete(content, key)
	}
	return marshal(content, settings)
}

// List returns a setting that is a list of texts, by full key; nil if it is not set.
func (s *Stack) List(key string) (list []string, err error) {
	text, ok := s.settings[key]
	if !ok {
		return nil, nil
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("read %s: must be a list: %w", key, err)
	}
	return list, nil
}

// WithOverrides returns the file's YAML with settings replaced by full key, each by a list or a text; an empty one removes its
// setting. Encrypted settings stay as they are.
func (s *Stack) WithOverrides(overrides map[string]any) ([]byte, error) {
	settings := map[string]json.RawMessage{}
	maps.Copy(settings, s.settings)
	for key, value := range overrides {
		delete(settings, key)
		if reflect.ValueOf(value).Len() == 0 {
			continue
		}
		text, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("override %s: %w", key, err)
		}
		settings[key] = text
	}
	return marshal(s.content, settings)
}

func marshal(content, settings map[string]json.RawMessage) ([]byte, error) {
	text, err := json.Marshal(settings)
	if err != nil {
		return nil, fmt.Errorf("write settings: %w", err)
	}
	whole := map[string]json.RawMessage{}
	maps.Copy(whole, content)
	whole["config"] = text
	out, err := yaml.Marshal(whole)
	if err != nil {
		return nil, fmt.Errorf("write settings: %w", err)
	}
	return out, nil
}
