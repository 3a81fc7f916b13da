package tools

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/mod/modfile"
)

// edit copies the pinned module into a folder, edits the copy, and writes a go.mod beside it that replaces the module by the copy: the
// compiler takes no overlay of a file in the module cache.
func (c *compilation) edit(ctx context.Context, folder string) error {
	pinned, err := pinnedModule(c.module, c.tool.pinned())
	if err != nil {
		return err
	}
	sources, err := moduleDirectory(ctx, c.module, pinned.Path)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(folder); err != nil { // of a build that was killed
		return fmt.Errorf("edit the module: %w", err)
	}
	copied := filepath.Join(folder, "module")
	if err := os.CopyFS(copied, os.DirFS(sources)); err != nil {
		return fmt.Errorf("copy the module: %w", err)
	}
	for name, edit := range c.tool.edits {
		path := filepath.Join(copied, filepath.FromSlash(name))
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("edit the module: %w", err)
		}
		if n := bytes.Count(text, []byte(edit[0])); n != 1 {
			return fmt.Errorf("edit %s: it has %s %d times, must have it once", name, edit[0], n)
		}
		if err := os.WriteFile(path, bytes.Replace(text, []byte(edit[0]), []byte(edit[1]), 1), 0o600); err != nil {
			return fmt.Errorf("edit the module: %w", err)
		}
	}
	return c.replaceModule(pinned.Path, copied, folder)
}

// replaceModule writes go.mod and go.sum of the tool module into a folder, with a replacement of one module by a directory.
func (c *compilation) replaceModule(path, directory, folder string) error {
	source := filepath.Join(c.module, "go.mod")
	content, err := os.ReadFile(source)
	if err != nil {
		return fmt.Errorf("reading the tool module: %w", err)
	}
	file, err := modfile.Parse(source, content, nil)
	if err != nil {
		return fmt.Errorf("reading the tool module: %w", err)
	}
	if err := file.AddReplace(path, "", directory, ""); err != nil {
		return fmt.Errorf("replace the module: %w", err)
	}
	if content, err = file.Format(); err != nil {
		return fmt.Errorf("replace the module: %w", err)
	}
	if err := os.WriteFile(filepath.Join(folder, "go.mod"), content, 0o600); err != nil {
		return fmt.Errorf("replace the module: %w", err)
	}
	sums, err := os.ReadFile(filepath.Join(c.module, "go.sum"))
	if err != nil && !os.IsNotExist(err) { // a module without dependencies has no go.sum
		return fmt.Errorf("reading the tool module: %w", err)
	}
	if err := os.WriteFile(filepath.Join(folder, "go.sum"), sums, 0o600); err != nil {
		return fmt.Errorf("replace the module: %w", err)
	}
	return nil
}
