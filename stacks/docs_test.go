package stacks

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// configSet is a command that sets a value: whether it is secret, the key, the index of a list, the value and the stack.
var configSet = regexp.MustCompile(`^\s*pulumi config set (--secret )?(?:--path )?'?growbin:(\w+)(\[\d+\])?'?(?: ([^-\s<]\S*))? -s (dev|prod)\b`)

// promptedFor are values that have a form, of secrets or of files.
var promptedFor = map[string]string{
	"alertUrl": "https://chat.example.com/hook", "heartbeatUrl": "https://watch.example.com/ping",
	"gitDeployKey": deployKey("of-the-docs"), "gitKnownHosts": hostKey("[git.example.com]:2222", "of-the-docs"),
}

// The settings of each block of commands in the docs are accepted together.
func TestDocs_SettingsAreAccepted(t *testing.T) {
	files, err := filepath.Glob("../docs/*.md")
	require.NoError(t, err)
	found := 0
	for _, file := range append(files, "../README.md") {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for i, block := range strings.Split(string(text), "```") {
			if i%2 == 0 {
				continue // prose
			}
			byStack := map[string]map[string]string{}
			lists := map[string][]string{}
			for line := range strings.Lines(block) {
				if !strings.Contains(line, "pulumi config set") {
					continue
				}
				match := configSet.FindStringSubmatch(line)
				if !assert.NotNil(t, match, "%s: %s", file, line) {
					continue
				}
				found++
				secret, key, index, value, stack := match[1] != "", match[2], match[3], match[4], match[5]
				switch {
				case secret:
					if value = promptedFor[key]; value == "" {
						value = "a-value-of-its-own"
					}
				case index != "":
					lists[stack+key] = append(lists[stack+key], value)
					list, err := json.Marshal(lists[stack+key])
					require.NoError(t, err)
					value = string(list)
				case value == "":
					value = promptedFor[key]
				}
				if byStack[stack] == nil {
					byStack[stack] = map[string]string{}
				}
				byStack[stack][key] = value
			}
			for stack, settings := range byStack {
				_, err := decode(t, stack, settings)
				assert.NoError(t, err, "%s: %s", file, block)
			}
		}
	}
	assert.Greater(t, found, 25, "the expression finds the commands")
}
