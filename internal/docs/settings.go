package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/growbin/cluster/internal/stackfile"
	"github.com/growbin/cluster/stacks"
)

const settingsIntro = `# Settings

Generated from [Pulumi.yaml](../Pulumi.yaml) by ` + "`make docs`" + `.

Set one in ` + "`Pulumi.<stack>.yaml`" + ` with the commands below. Pulumi refuses a value of the wrong type. The program
checks all values before it creates anything, and reports every problem.

` + "```sh" + `
pulumi config set growbin:logLevel debug -s dev                          # a value
pulumi config set --path 'growbin:adminCidrs[0]' 198.51.100.7/32 -s dev  # an item of a list
pulumi config set --secret growbin:openaiApiKey -s dev                   # a secret; it is prompted for
pulumi config rm growbin:logLevel -s dev                                 # back to the default
` + "```" + `

` + "`rollNodes`, `surgeNodes`, `unprotectedNodes`, `rollLocks` and `rollImage`" + ` are for one update and belong to
[growbin roll](roll.md).
` + "`pulumi up -c …`" + ` is no shortcut: it saves the value in the stack file.
`

// settingKey is a key of Pulumi.yaml with the comment above it, which begins a section.
type settingKey struct{ key, title string }

// settingKeys lists the keys of the settings in the order of Pulumi.yaml, which stackfile does not keep.
func settingKeys(root string) ([]settingKey, error) {
	content, err := os.ReadFile(filepath.Join(root, stackfile.ProjectFile))
	if err != nil {
		return nil, err
	}
	var project struct {
		Config yaml.Node `yaml:"config"`
	}
	if err := yaml.Unmarshal(content, &project); err != nil {
		return nil, fmt.Errorf("%s: %w", stackfile.ProjectFile, err)
	}
	var list []settingKey
	for i := 0; i < len(project.Config.Content); i += 2 { // keys and values alternate
		key := project.Config.Content[i]
		list = append(list, settingKey{key.Value, strings.TrimSpace(strings.TrimLeft(key.HeadComment, "# "))})
	}
	return list, nil
}

// settingsPage renders docs/settings.md. Comments in Pulumi.yaml are its headings.
func settingsPage(root string) ([]byte, error) {
	project, err := stackfile.ReadProject(root)
	if err != nil {
		return nil, err
	}
	defaults, err := project.Defaults()
	if err != nil {
		return nil, err
	}
	keys, err := settingKeys(root)
	if err != nil {
		return nil, err
	}
	var out strings.Builder
	out.WriteString(settingsIntro)
	for i, h := range keys {
		setting, declared := project.Config[h.key]
		if !declared {
			return nil, fmt.Errorf("%s: %s: must have the prefix %s", stackfile.ProjectFile, h.key, stacks.ConfigPrefix)
		}
		if h.title != "" || i == 0 {
			fmt.Fprintf(&out, "\n## %s\n\n| key | type | default | meaning |\n|---|---|---|---|\n", h.title)
		}
		value := "–" // no default
		if text, ok := defaults[h.key]; ok {
			value = defaultOf(setting.Type, text)
		}
		fmt.Fprintf(&out, "| `%s` | %s | %s | %s |\n", strings.TrimPrefix(h.key, stacks.ConfigPrefix), setting.Type, value,
			strings.ReplaceAll(strings.ReplaceAll(setting.Description, " - ", ": "), "|", "\\|"))
	}
	return []byte(out.String()), nil
}

// defaultOf renders a default as Pulumi.yaml writes it.
func defaultOf(kind, value string) string {
	if kind == "array" { // Pulumi passes lists as JSON
		value = strings.ReplaceAll(strings.ReplaceAll(value, `"`, ""), ",", ", ")
	}
	if value == "" {
		return "empty"
	}
	return "`" + value + "`"
}
