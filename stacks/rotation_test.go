package stacks

import (
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// rotationPatterns are the names in the first column of the table in docs/rotate.md.
func rotationPatterns(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../docs/rotate.md")
	require.NoError(t, err)
	var patterns []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]+`) \\|").FindAllStringSubmatch(string(text), -1) {
		for _, code := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[1], -1) {
			patterns = append(patterns, code[1])
		}
	}
	require.NotEmpty(t, patterns)
	return patterns
}

// secretNames are all secrets of a stack that has every optional one: generated passwords, encrypted parameters, settings.
func secretNames(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, r := range deploy(t, "prod", nil).mocks.All() {
		parameter := r.Type == "aws:ssm/parameter:Parameter" && r.Inputs["type"].HasValue() && r.Inputs["type"].StringValue() == "SecureString"
		if strings.HasPrefix(r.Type, "random:") || parameter {
			names = append(names, r.Name)
		}
	}
	text, err := os.ReadFile("../Pulumi.yaml")
	require.NoError(t, err)
	var project struct {
		Config map[string]struct{ Description string }
	}
	require.NoError(t, yaml.Unmarshal(text, &project))
	for key, setting := range project.Config {
		if strings.Contains(strings.ToLower(setting.Description), "secret") {
			names = append(names, strings.TrimPrefix(key, ConfigPrefix))
		}
	}
	return names
}

func TestRotation_EverySecretHasARow(t *testing.T) {
	patterns, names := rotationPatterns(t), secretNames(t)
	used := map[string]bool{}
	for _, name := range names {
		found := false
		for _, pattern := range patterns {
			if matches, err := path.Match(pattern, name); err == nil && matches {
				found, used[pattern] = true, true
			}
		}
		assert.True(t, found, "docs/rotate.md does not tell how %s is rotated", name)
	}
	for _, pattern := range patterns {
		assert.True(t, used[pattern], "docs/rotate.md has a row for %s, which matches no secret", pattern)
	}
	for _, key := range []string{"openaiApiKey", "kakaoApiKey", "alertUrl", "heartbeatUrl", "registryPassword"} {
		assert.Contains(t, names, key, "a secret setting is recognized by its description")
	}
}
