package stacks

import (
	"maps"

	"github.com/growbin/cluster/internal/stackfile"
)

// secretPlaceholder is the value of every secret that ReadSettings cannot decrypt.
const secretPlaceholder = "placeholder"

// ReadSettings decodes a stack's settings from the files in the project's folder, without Pulumi. Overrides are by full key, in
// the form in which Pulumi passes them. Secrets have placeholders: reading them needs the stack's passphrase.
func ReadSettings(dir, stack string, overrides map[string]string) (*Settings, error) {
	values, encrypted, err := stackfile.Values(dir, stack)
	if err != nil {
		return nil, err
	}
	for _, key := range encrypted {
		values[key] = secretPlaceholder
	}
	for _, key := range []string{"openaiApiKey", "kakaoApiKey"} {
		values[ConfigPrefix+key] = secretPlaceholder
	}
	// Only a deployment requires that somebody is notified.
	values[ConfigPrefix+"unattended"] = "true"
	maps.Copy(values, overrides)
	return DecodeSettings(stack, Source{
		Get:      func(key string) (string, bool) { value, ok := values[ConfigPrefix+key]; return value, ok },
		IsSecret: func(string) bool { return true },
	})
}
