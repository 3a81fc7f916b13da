// Package canary searches the places where a secret must not be. A canary is a secret whose value is known.
package canary

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// minLength is the length of a value in bytes below which it could be found by chance.
const minLength = 12

// Search looks for values in one place after another.
type Search struct {
	// forms are the values by origin, each as it is, in base64 and as part of a URL.
	forms map[string][][]byte
	found map[string]bool
	// Places and Bytes count what was searched.
	Places int
	Bytes  int64
}

// New returns a search for the values by origin. It returns an error for a value that could be found by chance.
func New(values map[string]string) (*Search, error) {
	s := &Search{forms: map[string][][]byte{}, found: map[string]bool{}}
	for origin, value := range values {
		if len(value) < minLength {
			return nil, fmt.Errorf("the value of %s has %d bytes, must have at least %d", origin, len(value), minLength)
		}
		s.forms[origin] = [][]byte{[]byte(value), []byte(base64.StdEncoding.EncodeToString([]byte(value))), []byte(url.QueryEscape(value))}
	}
	return s, nil
}

// In searches a text. Place names it in the results.
func (s *Search) In(place string, text []byte) {
	s.Places++
	s.Bytes += int64(len(text))
	for origin, forms := range s.forms {
		if slices.ContainsFunc(forms, func(form []byte) bool { return bytes.Contains(text, form) }) {
			s.found[fmt.Sprintf("the value of %s is in %s", origin, place)] = true
		}
	}
}

// InFiles searches all files below a folder for which accept is true; accept is given the path below the folder. Files that end
// meanwhile are no error.
func (s *Search) InFiles(folder string, accept func(path string) bool) error {
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		below, err := filepath.Rel(folder, path)
		if err != nil || !accept(below) {
			return err
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		s.In(path, text)
		return err
	})
}

// InArchive searches the files of a compressed tar archive.
func (s *Search) InArchive(place string, archive []byte) error {
	zipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return fmt.Errorf("%s: %w", place, err)
	}
	for reader := tar.NewReader(zipped); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", place, err)
		}
		text, err := io.ReadAll(reader)
		if err != nil {
			return fmt.Errorf("%s: %w", place, err)
		}
		s.In(place+" "+header.Name, text)
	}
}

// InCommandLines searches the arguments of all processes of this machine.
func (s *Search) InCommandLines() error {
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return err
	}
	for _, line := range lines {
		if text, err := os.ReadFile(line); err == nil { // a process may end meanwhile
			name, _, _ := strings.Cut(string(text), "\x00")
			s.In("the arguments of process "+filepath.Base(name), text)
		}
	}
	return nil
}

// Found lists the results, sorted.
func (s *Search) Found() []string { return slices.Sorted(maps.Keys(s.found)) }
