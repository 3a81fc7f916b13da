package docs

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/iampolicy"

	"github.com/growbin/cluster/stacks"
)

const root = "../.."

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
	require.NoError(t, err)
	return string(content)
}

func TestGenerated_UpToDate(t *testing.T) {
	files, err := Generate(root)
	require.NoError(t, err)
	require.Len(t, files, 10+2*5, "pages, and five policies for each of two stacks")
	for _, file := range files {
		if read(t, file.Path) != string(file.Content) {
			t.Errorf("%s is stale: run make docs", file.Path)
		}
	}
}

func TestWrite_StalePage(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "docs", "ko"), 0o700))
	for _, path := range []string{"README.md", "README.ko.md", "docs/cost.md", "docs/cis.md", "docs/security.md", "docs/simulated-aws.md", "docs/operate.md", "docs/ko/operate.md", "Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, path), []byte(read(t, path)), 0o600))
	}
	model := filepath.Join("internal", "testing", "awssim")
	require.NoError(t, os.CopyFS(filepath.Join(dir, model), os.DirFS(filepath.Join(root, model))))
	changed, err := Write(dir)
	require.NoError(t, err)
	want := []string{"docs/settings.md", "docs/cluster.svg"}
	for _, role := range iampolicy.Roles() {
		want = append(want, "iam/dev-"+string(role)+".json", "iam/prod-"+string(role)+".json")
	}
	assert.ElementsMatch(t, want, changed)

	page := strings.Replace(read(t, "README.md"), "| `k8s-redis` |", "| `k8s-cache` |", 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "README.md"), []byte(page), 0o600))
	changed, err = Write(dir)
	require.NoError(t, err)
	assert.Equal(t, []string{"README.md"}, changed)
}

func TestReplaceBlock_MarkerMissing(t *testing.T) {
	for page, missing := range map[string]string{
		"text": "<!-- nodes:",
		"<!-- nodes: written by make docs -->\n| a |\n": "<!-- end of nodes -->",
	} {
		_, err := replaceBlock([]byte(page), "nodes", "")
		assert.ErrorContains(t, err, missing)
	}
}

func TestWrapMarkdown(t *testing.T) {
	long := strings.Repeat("word ", 22)
	for paragraph, lines := range map[string]string{
		"short":                  "short",
		long + "`go test ./...`": strings.TrimSpace(long) + "\n  `go test ./...`",
		long + "1234567890 end":  long + "1234567890\n  end",
	} {
		assert.Equal(t, lines, wrapMarkdown(paragraph, "  "))
	}
}

// Grafana has its flow only in a stack with a domain, so the table must be that of such a stack.
func TestSecurityPage_FlowsOfPeople(t *testing.T) {
	page, err := securityPage(root)
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^\| grafana \| 3000 \| nodes \|`, string(page.Content))
	assert.Regexp(t, `(?m)^\| argocd-server \| 8080 \| nodes \|`, string(page.Content))
}

func TestPicture_Complete(t *testing.T) {
	image, err := picture()
	require.NoError(t, err)
	decoder := xml.NewDecoder(strings.NewReader(string(image)))
	texts := map[string]bool{}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if text, ok := token.(xml.CharData); ok {
			texts[string(text)] = true
		}
	}
	nodes, err := stacks.Topology("prod", nil)
	require.NoError(t, err)
	for _, n := range nodes {
		assert.Contains(t, texts, n.Name)
		for _, pods := range podsByNode()[n.Name] {
			assert.Contains(t, texts, pods.String())
		}
	}
	_, deadLetters := stacks.DeadLetters()
	assert.Contains(t, texts, deadLetters)
	for _, a := range stacks.Applications() {
		assert.Contains(t, texts, "PostgreSQL: "+a.Database)
		for _, queue := range append(a.Publishes, a.Queue) {
			if queue != "" {
				assert.Contains(t, texts, queue)
			}
		}
	}
}

func TestSettingsPage_EverySetting(t *testing.T) {
	page, err := settingsPage(root)
	require.NoError(t, err)
	keys := 0
	for line := range strings.Lines(read(t, "Pulumi.yaml")) {
		key, found := strings.CutPrefix(line, "  growbin:")
		if !found {
			continue
		}
		keys++
		assert.Contains(t, string(page), "| `"+strings.TrimSuffix(strings.TrimSpace(key), ":")+"` |")
	}
	assert.Greater(t, keys, 30)
	assert.Contains(t, string(page), "| `publicSubnetCidrs` | array | `[10.0.1.0/24, 10.0.2.0/24, 10.0.3.0/24]` |")
	assert.Contains(t, string(page), "| `imageTag` | string | – |")
	assert.Contains(t, string(page), "| `sshKeyName` | string | empty |")
}
