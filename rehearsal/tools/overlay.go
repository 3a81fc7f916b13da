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
	sources, err := moduleDirectory(ctx, c.module, pinned.Path)
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

// moduleDirectory returns where the module cache holds a module that the tool module requires.
func moduleDirectory(ctx context.Context, module, path string) (string, error) {
	if _, err := goOutput(ctx, module, "mod", "download", path); err != nil {
		return "", err
	}
	return goOutput(ctx, module, "list", "-m", "-f", "{{.Dir}}", path)
}
