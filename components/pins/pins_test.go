package pins

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// reference is a string literal with an image reference that has a version, e.g. "redis:7.2.16".
var reference = regexp.MustCompile(`"[a-z0-9][a-z0-9./_-]*:v?[0-9]+\.[0-9]+[a-z0-9.-]*"`)

func TestImages_Here(t *testing.T) {
	text, err := os.ReadFile("pins.go")
	require.NoError(t, err)
	require.Len(t, reference.FindAll(text, -1), 13, "the expression finds every image")
	for _, root := range []string{"..", "../../stacks", "../../infra", "../../cmd"} {
		require.NoError(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") || filepath.Base(path) == "pins.go" {
				return err
			}
			text, err := os.ReadFile(path)
			assert.Empty(t, reference.FindAllString(string(text), -1), "%s: images belong in components/pins", path)
			return err
		}))
	}
}
