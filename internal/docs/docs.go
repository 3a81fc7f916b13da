// Package docs generates the parts of the documentation that restate the code: the picture of the cluster, the tables of
// nodes, settings and costs. Its tests compare the documentation with the code.
package docs

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// File is a generated file.
type File struct {
	// Path is relative to the repository, with slashes.
	Path    string
	Content []byte
}

// Generate returns all generated files of the repository at root. Pages that are written by hand and hold a generated
// block are returned whole.
func Generate(root string) ([]File, error) {
	settings, err := settingsPage(root)
	if err != nil {
		return nil, err
	}
	picture, err := picture()
	if err != nil {
		return nil, err
	}
	files := []File{{"docs/settings.md", settings}, {"docs/cluster.svg", picture}}
	for path, head := range map[string][]string{
		"README.md":    {"node", "type", "zone", "disk, GB", "pods"},
		"README.ko.md": {"노드", "타입", "가용 영역", "디스크(GB)", "파드"},
	} {
		page, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			return nil, err
		}
		table, err := nodeTable(head)
		if err != nil {
			return nil, err
		}
		if page, err = replaceBlock(page, "nodes", table); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		files = append(files, File{path, page})
	}
	runbook, err := runbookPages(root)
	if err != nil {
		return nil, err
	}
	security, err := securityPage(root)
	if err != nil {
		return nil, err
	}
	policies, err := policyFiles(root)
	if err != nil {
		return nil, err
	}
	benchmark, err := cisPage(root)
	if err != nil {
		return nil, err
	}
	files = append(append(files, policies...), benchmark)
	model, err := awsModel(root)
	if err != nil {
		return nil, err
	}
	return costPages(root, append(append(files, runbook...), security, model))
}

// Write generates the files below root and returns the paths of those that changed.
func Write(root string) ([]string, error) {
	files, err := Generate(root)
	if err != nil {
		return nil, err
	}
	var changed []string
	for _, file := range files {
		path := filepath.Join(root, filepath.FromSlash(file.Path))
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, file.Content) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, file.Content, 0o644); err != nil {
			return nil, err
		}
		changed = append(changed, file.Path)
	}
	return changed, nil
}

// replaceBlock replaces the text between the markers of a block.
func replaceBlock(page []byte, name, content string) ([]byte, error) {
	begin, end := fmt.Sprintf("<!-- %s: written by make docs -->\n", name), fmt.Sprintf("<!-- end of %s -->", name)
	head, rest, found := bytes.Cut(page, []byte(begin))
	if !found {
		return nil, fmt.Errorf("marker %q is missing", begin)
	}
	_, tail, found := bytes.Cut(rest, []byte(end))
	if !found {
		return nil, fmt.Errorf("marker %q is missing", end)
	}
	return bytes.Join([][]byte{head, []byte(begin), []byte(content), []byte(end), tail}, nil), nil
}
