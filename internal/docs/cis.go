package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/growbin/cluster/internal/cis"
)

// cisPage returns the page with the controls of the CIS benchmark.
func cisPage(root string) (File, error) {
	const path = "docs/cis.md"
	page, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		return File{}, err
	}
	controls, err := cis.Controls()
	if err != nil {
		return File{}, err
	}
	var with, passed strings.Builder
	with.WriteString("| control | | instead |\n|---|---|---|\n")
	passed.WriteString("| control | |\n|---|---|\n")
	count := 0
	for _, c := range controls {
		if c.Reason == "" {
			count++
			fmt.Fprintf(&passed, "| %s | %s |\n", c.ID, c.Title)
			continue
		}
		fmt.Fprintf(&with, "| %s | %s | %s |\n", c.ID, c.Title, c.Reason)
	}
	sum := fmt.Sprintf("kube-bench passes %d of the %d controls.\n", count, len(controls))
	for name, content := range map[string]string{"sum": sum, "reasons": with.String(), "passed": passed.String()} {
		if page, err = replaceBlock(page, name, content); err != nil {
			return File{}, fmt.Errorf("%s: %w", path, err)
		}
	}
	return File{path, page}, nil
}
