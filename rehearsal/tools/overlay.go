package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// overlay writes the file that lets the compiler find the tool's embedded files in the module cache, and returns its
// path: empty for a tool without any.
func (c *compilation) overlay(ctx context.Context) (string, error) {
	if len(c.tool.embeds) == 0 {
		return "", nil
	}
	pinned, err := pinnedModule(c.module, c.tool.pinned())
	if err != nil {
		return "", err
	}
	if _, err := goOutput(ctx, c.module, "mod", "download", pinned.Path); err != nil {
		return "", err
	}
	sources, err := goOutput(ctx, c.module, "list", "-m", "-f", "{{.Dir}}", pinned.Path)
	if err != nil {
		return "", err
	}
	replace := map[string]string{}
	for name, source := range c.tool.embeds {
		replace[filepath.Join(c.module, name)] = filepath.Join(sources, filepath.FromSlash(source))
	}
	content, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", fmt.Errorf("writing the overlay: %w", err)
	}
	path := fmt.Sprintf("%s.overlay.%d", c.target, os.Getpid())
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return "", fmt.Errorf("writing the overlay: %w", err)
	}
	return path, nil
}
