package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

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

` + "`rollNodes`, `surgeNodes` and `unprotectedNodes`" + ` are for one update and belong to [growbin roll](roll.md).
` + "`pulumi up -c …`" + ` is no shortcut: it saves the value in the stack file.
`

// setting is one entry of the section "config" of Pulumi.yaml.
type setting struct {
	Type        string    `yaml:"type"`
	Default     yaml.Node `yaml:"default"`
	Description string    `yaml:"description"`
	Secret      bool      `yaml:"secret"`
}

// settingsPage renders docs/settings.md. Comments in Pulumi.yaml are its headings.
func settingsPage(root string) ([]byte, error) {
	content, err := os.ReadFile(filepath.Join(root, "Pulumi.yaml"))
	if err != nil {
		return nil, err
	}
	var project struct {
		Config yaml.Node `yaml:"config"`
	}
	if err := yaml.Unmarshal(content, &project); err != nil {
		return nil, fmt.Errorf("Pulumi.yaml: %w", err)
	}
	var out strings.Builder
	out.WriteString(settingsIntro)
	entries := project.Config.Content
	for i := 0; i+1 < len(entries); i += 2 {
		key := entries[i]
		var s setting
		if err := entries[i+1].Decode(&s); err != nil {
			return nil, fmt.Errorf("Pulumi.yaml: %s: %w", key.Value, err)
		}
		if title := strings.TrimSpace(strings.TrimLeft(key.HeadComment, "# ")); title != "" || i == 0 {
			fmt.Fprintf(&out, "\n## %s\n\n| key | type | default | meaning |\n|---|---|---|---|\n", title)
		}
		fmt.Fprintf(&out, "| `%s` | %s | %s | %s |\n", strings.TrimPrefix(key.Value, stacks.ConfigPrefix), s.Type, defaultOf(s.Default),
			strings.ReplaceAll(strings.ReplaceAll(s.Description, " - ", ": "), "|", "\\|"))
	}
	return []byte(out.String()), nil
}

// defaultOf is a default as Pulumi.yaml writes it; "–" stands for none.
func defaultOf(node yaml.Node) string {
	switch {
	case node.Kind == 0:
		return "–"
	case node.Kind == yaml.SequenceNode:
		items := make([]string, len(node.Content))
		for i, item := range node.Content {
			items[i] = item.Value
		}
		return "`[" + strings.Join(items, ", ") + "]`"
	case node.Value == "":
		return "empty"
	}
	return "`" + node.Value + "`"
}
