package stacks

import (
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/stackfile"
)

// testSecrets are placeholders for the values set with pulumi config set --secret.
var testSecrets = map[string]string{
	"openaiApiKey": "sk-openai-for-tests",
	"kakaoApiKey":  "kakao-for-tests",
}

// readConfig returns a stack's settings as Pulumi would pass them, with the overrides, by key without the project's prefix.
func readConfig(t testing.TB, stack string, overrides map[string]string) map[string]string {
	t.Helper()
	values, _, err := stackfile.Values("..", stack)
	require.NoError(t, err)
	config := map[string]string{}
	for key, value := range values {
		config[strings.TrimPrefix(key, ConfigPrefix)] = value
	}
	config["unattended"] = "true"
	maps.Copy(config, testSecrets)
	maps.Copy(config, overrides)
	return config
}

// decode decodes the settings of a stack with overrides; "-" removes a setting.
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
