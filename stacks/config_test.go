package stacks

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// testSecrets stand in for what a person sets with pulumi config set --secret.
var testSecrets = map[string]string{
	"openaiApiKey": "sk-openai-for-tests",
	"kakaoApiKey":  "kakao-for-tests",
}

// readConfig returns a stack's settings as Pulumi would pass them: the defaults of Pulumi.yaml, then Pulumi.<stack>.yaml,
// then the overrides, lists as JSON, keys without the project's prefix.
func readConfig(t testing.TB, stack string, overrides map[string]string) map[string]string {
	t.Helper()
	config := map[string]string{}
	set := func(key string, value any) {
		key = strings.TrimPrefix(key, configPrefix)
		if list, ok := value.([]any); ok {
			out, err := json.Marshal(list)
			require.NoError(t, err)
			config[key] = string(out)
			return
		}
		config[key] = fmt.Sprint(value)
	}
	for key, schema := range readYAML(t, "../Pulumi.yaml")["config"].(map[string]any) {
		if value, ok := schema.(map[string]any)["default"]; ok {
			set(key, value)
		}
	}
	for key, value := range readYAML(t, "../Pulumi."+stack+".yaml")["config"].(map[string]any) {
		set(key, value)
	}
	maps.Copy(config, testSecrets)
	maps.Copy(config, overrides)
	return config
}

func readYAML(t testing.TB, file string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var content map[string]any
	require.NoError(t, yaml.Unmarshal(text, &content))
	return content
}

// decode decodes a stack's settings with overrides; an override "-" removes the setting.
func decode(t testing.TB, stack string, overrides map[string]string) (*Settings, error) {
	t.Helper()
	config := readConfig(t, stack, overrides)
	return DecodeSettings(stack, Source{
		Get: func(key string) (string, bool) {
			value, ok := config[key]
			return value, ok && value != "-"
		},
		IsSecret: func(key string) bool { return config[key] != "in the clear" },
	})
}
