// Package rootfs writes files into root directories: those of hosts, container images and Debian packages.
package rootfs

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// File is a file or a symbolic link below a root directory.
type File struct {
	// Path is absolute, e.g. /etc/fstab. Its parent directories are created with mode 0755.
	Path string
	// Mode holds the permissions; 0 means 0644. A symbolic link has none.
	Mode fs.FileMode
	// Content is the file's text. Exactly one of Content, Source and Link is used: Link if set, then Source.
	Content string
	// Source is the path of a file on this machine to copy.
	Source string
	// Link is the target of a symbolic link.
	Link string
}

// Program returns an executable copied from a file on this machine.
func Program(path, source string) File { return File{Path: path, Mode: 0o755, Source: source} }

// Write creates the files below root and replaces those that exist.
func Write(root string, files ...File) error {
	for _, file := range files {
		if err := file.write(filepath.Join(root, file.Path)); err != nil {
			return fmt.Errorf("writing %s: %w", file.Path, err)
		}
	}
	return nil
}

func (f File) write(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	// An existing symbolic link must not be followed.
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	if f.Link != "" {
		return os.Symlink(f.Link, path)
	}
	var content io.Reader = strings.NewReader(f.Content)
	if f.Source != "" {
		source, err := os.Open(f.Source)
		if err != nil {
			return err
		}
		defer source.Close()
		content = source
	}
	target, err := os.Create(path)
	if err != nil {
		return err
	}
	defer target.Close()
	if _, err := io.Copy(target, content); err != nil {
		return err
	}
	mode := f.Mode
	if mode == 0 {
		mode = 0o644
	}
	if err := target.Chmod(mode); err != nil { // whatever the umask is
		return err
	}
	return target.Close()
}
