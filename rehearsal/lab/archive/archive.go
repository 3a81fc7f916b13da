// Package archive writes the tar archives that Debian packages and container images consist of.
package archive

import (
	"archive/tar"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// File is one entry: content given here, a file of this machine's, or a symbolic link.
type File struct {
	// Path is absolute; folders above it are written too.
	Path string
	// Mode is the permissions; 0 means 0644.
	Mode fs.FileMode
	// Content is the file's content, unless Source names a file of this machine's or Link is what a symbolic link points to.
	Content      string
	Source, Link string
}

// Program is a file of this machine's, put where it can be run.
func Program(path, source string) File { return File{Path: path, Mode: 0o755, Source: source} }

// epoch is every entry's time, so that the same files always give the same archive.
var epoch = time.Unix(0, 0)

// Write writes the files as a tar archive, everything owned by root. Names begin with prefix, "./" for example.
func Write(w io.Writer, prefix string, files []File) error {
	archive := tar.NewWriter(w)
	written := map[string]bool{"/": true}
	for _, file := range files {
		for _, folder := range folders(file.Path) {
			if written[folder] {
				continue
			}
			written[folder] = true
			header := &tar.Header{Typeflag: tar.TypeDir, Name: prefix + folder[1:] + "/", Mode: 0o755, ModTime: epoch}
			if err := archive.WriteHeader(header); err != nil {
				return fmt.Errorf("writing %s: %w", folder, err)
			}
		}
		if err := writeFile(archive, prefix, file); err != nil {
			return fmt.Errorf("writing %s: %w", file.Path, err)
		}
	}
	return archive.Close()
}

// folders are those above a path, from the top.
func folders(name string) []string {
	var all []string
	for folder := path.Dir(name); folder != "/" && folder != "."; folder = path.Dir(folder) {
		all = append(all, folder)
	}
	slices.Reverse(all)
	return all
}

func writeFile(archive *tar.Writer, prefix string, file File) error {
	mode := file.Mode
	if mode == 0 {
		mode = 0o644
	}
	header := &tar.Header{Typeflag: tar.TypeReg, Name: prefix + strings.TrimPrefix(file.Path, "/"), Mode: int64(mode), ModTime: epoch}
	var content io.Reader = strings.NewReader(file.Content)
	switch {
	case file.Link != "":
		header.Typeflag, header.Linkname, header.Mode = tar.TypeSymlink, file.Link, 0o777
	case file.Source != "":
		source, err := os.Open(file.Source)
		if err != nil {
			return err
		}
		defer source.Close()
		info, err := source.Stat()
		if err != nil {
			return err
		}
		header.Size, content = info.Size(), source
	default:
		header.Size = int64(len(file.Content))
	}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	if file.Link != "" {
		return nil
	}
	_, err := io.Copy(archive, content)
	return err
}
