package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/growbin/cluster/"

// boxes are those of the drawing in docs/architecture.md; a package belongs to the longest prefix.
var boxes = []string{"infra", "stacks", "components", "cmd/growbin", "internal", "internal/docs", "internal/testing", "examples", "rehearsal"}

func box(importPath string) string {
	path, ours := strings.CutPrefix(importPath, module)
	if !ours {
		return ""
	}
	found := ""
	for _, b := range boxes {
		if (path == b || strings.HasPrefix(path, b+"/")) && len(b) > len(found) {
			found = b
		}
	}
	return found
}

var arrowLine = regexp.MustCompile(`(?m)^  (\S+) --> (\S+)$`)

func TestArchitecture_PackageDrawing(t *testing.T) {
	var drawn []string
	for _, found := range arrowLine.FindAllStringSubmatch(read(t, "docs/architecture.md"), -1) {
		drawn = append(drawn, found[1]+" --> "+found[2])
	}
	var real []string
	for _, dir := range []string{root, filepath.Join(root, "rehearsal")} {
		command := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "./...")
		command.Dir = dir
		output, err := command.Output()
		require.NoError(t, err)
		for line := range strings.Lines(string(output)) {
			packages := strings.Fields(line)
			from := box(packages[0])
			require.NotEmpty(t, from, "%s is in no box of the drawing", packages[0])
			for _, imported := range packages[1:] {
				if to := box(imported); to != "" && to != from {
					real = append(real, from+" --> "+to)
				}
			}
		}
	}
	slices.Sort(drawn)
	slices.Sort(real)
	assert.Equal(t, slices.Compact(real), drawn, "the drawing of packages in docs/architecture.md does not match go list")
}

// Alerts are declared as Alert("Name" in components/monitoring, and in stacks.
var alertDeclaration = regexp.MustCompile(`(?:\b[aA]lert\(|Alert:\s*)"([A-Z]\w+)"`)

// alertHeadings are the headings of the runbook that can be an alert's.
func alertHeadings(page string) (names []string) {
	for _, found := range regexp.MustCompile(`(?m)^### ([A-Z]\w+)$`).FindAllStringSubmatch(page, -1) {
		names = append(names, found[1])
	}
	return names
}

func TestOperate_EveryAlert(t *testing.T) {
	var alerts []string
	for _, pattern := range []string{"components/monitoring/*.go", "stacks/*.go"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, found := range alertDeclaration.FindAllSubmatch(content, -1) {
				alerts = append(alerts, string(found[1]))
			}
		}
	}
	slices.Sort(alerts)
	alerts = slices.Compact(alerts)
	require.GreaterOrEqual(t, len(alerts), 20, "alerts are declared in another form than this test reads")
	for _, path := range []string{"docs/operate.md", "docs/ko/operate.md"} {
		headings := alertHeadings(read(t, path))
		for _, alert := range alerts {
			assert.Contains(t, headings, alert, "%s has no entry for the alert", path)
		}
	}
}

func TestDependabot_EveryModule(t *testing.T) {
	var patterns []string
	for _, entry := range strings.Split(read(t, ".github/dependabot.yml"), "- package-ecosystem: ")[1:] {
		if found := regexp.MustCompile(`directories: \[(.*)\]`).FindStringSubmatch(entry); found != nil && strings.HasPrefix(entry, "gomod\n") {
			patterns = append(patterns, strings.Split(found[1], ", ")...)
		}
	}
	modules := 0
	require.NoError(t, walk(func(path string) error {
		if filepath.Base(path) != "go.mod" {
			return nil
		}
		modules++
		relative, err := filepath.Rel(root, filepath.Dir(path))
		require.NoError(t, err)
		folder := "/" + strings.TrimPrefix(filepath.ToSlash(relative), ".")
		covered := false
		for _, pattern := range patterns {
			if matched, _ := filepath.Match(pattern, folder); matched {
				covered = true
			}
		}
		assert.True(t, covered, "dependabot does not update %s/go.mod", folder)
		return nil
	}))
	assert.Greater(t, modules, 5)
}

// A workflow that grants nothing by default, and actions that are pinned by commit, cannot be changed from outside.
func TestWorkflows_PinnedAndUnprivileged(t *testing.T) {
	uses := regexp.MustCompile(`(?m)^\s*(?:- )?uses: (\S+)`)
	pinned := regexp.MustCompile(`@[0-9a-f]{40}$`)
	files, err := filepath.Glob(filepath.Join(root, ".github/workflows/*.yml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	actions, err := filepath.Glob(filepath.Join(root, ".github/actions/*/action.yml"))
	require.NoError(t, err)
	for _, file := range append(files, actions...) {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		if !slices.Contains(actions, file) {
			assert.Contains(t, string(content), "\npermissions: {}\n", file)
		}
		for _, found := range uses.FindAllStringSubmatch(string(content), -1) {
			if !strings.HasPrefix(found[1], "./") {
				assert.Regexp(t, pinned, found[1], file)
			}
		}
	}
}
