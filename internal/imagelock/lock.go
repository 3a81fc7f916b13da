// Package imagelock keeps the digests of container images in a file that is reviewed and committed, so that a tag which is moved
// later changes nothing.
package imagelock

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Lock maps the reference of an image, as a program deploys it, e.g. "redis:7.2.16", to its digest, "sha256:" and 64 hexadecimal
// digits. The digest of an image for several platforms is that of its index.
type Lock map[string]string

// line is a reference with a tag and without a digest, and a digest.
var line = regexp.MustCompile(`^([a-z0-9][a-z0-9.:/_-]*:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}) (sha256:[0-9a-f]{64})$`)

// Read returns the lock in a file: one line per image, "<reference> <digest>". Without the file the lock is nil. The error names
// every line that has another form or repeats a reference; the lock has the others.
func Read(path string) (Lock, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("digests of images: %w", err)
	}
	lock, file := Lock{}, filepath.Base(path)
	var problems []error
	for number, content := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		found := line.FindStringSubmatch(content)
		switch {
		case found == nil:
			problems = append(problems, fmt.Errorf("%s: line %d: %q must be a reference with a tag and a digest, e.g. redis:7.2.16 sha256:…", file, number+1, content))
		case lock[found[1]] != "":
			problems = append(problems, fmt.Errorf("%s: line %d: %q must be there once", file, number+1, found[1]))
		default:
			lock[found[1]] = found[2]
		}
	}
	return lock, errors.Join(problems...)
}

// Write replaces the file. Lines are sorted.
func (l Lock) Write(path string) error {
	var text strings.Builder
	for _, reference := range slices.Sorted(maps.Keys(l)) {
		fmt.Fprintf(&text, "%s %s\n", reference, l[reference])
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
		return fmt.Errorf("digests of images: %w", err)
	}
	return nil
}

// Pin returns the reference with its digest, or as it is if the lock has none.
func (l Lock) Pin(reference string) string {
	if digest := l[reference]; digest != "" {
		return reference + "@" + digest
	}
	return reference
}

// Without returns those references that have no digest, in their order.
func (l Lock) Without(references []string) []string {
	return slices.DeleteFunc(slices.Clone(references), func(reference string) bool { return l[reference] != "" })
}

// Unused returns the references of the lock that are none of those given, sorted.
func (l Lock) Unused(references []string) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(l)), func(reference string) bool { return slices.Contains(references, reference) })
}
