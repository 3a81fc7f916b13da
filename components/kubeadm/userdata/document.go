// Package userdata parses the user data of an EC2 instance: a gzipped cloud-config that makes it a Kubernetes node. It shares
// the format with the renderer, but no code, so that it reads user data as an instance does.
package userdata

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"
)

// header is the first line of a cloud-config.
const header = "#cloud-config\n"

// maxText bounds the uncompressed text in bytes, so that a few compressed bytes cannot fill the memory.
const maxText = 1 << 20

// Document is a cloud-config, reduced to the keys that nodes use.
type Document struct {
	// Hostname is the name that cloud-init gives to the machine.
	Hostname string `json:"hostname"`
	// PreserveHostname keeps the machine's earlier name when true.
	PreserveHostname bool `json:"preserve_hostname"`
	// Apt configures the sources of Ubuntu's packages; nil keeps those of the machine image.
	Apt *Apt `json:"apt,omitempty"`
	// Files are written before the first command runs.
	Files []File `json:"write_files"`
	// Commands run once, on the first boot, each as program and arguments without a shell.
	Commands [][]string `json:"runcmd"`
}

// Apt names the mirrors of Ubuntu's archive.
type Apt struct {
	Primary  []AptMirror `json:"primary"`
	Security []AptMirror `json:"security"`
}

// AptMirror is a mirror for machines of some architectures.
type AptMirror struct {
	Arches []string `json:"arches"`
	URI    string   `json:"uri"`
}

// NewApt takes all of Ubuntu's packages from one mirror; nil if it is empty.
func NewApt(mirror string) *Apt {
	if mirror == "" {
		return nil
	}
	all := []AptMirror{{Arches: []string{"default"}, URI: mirror}}
	return &Apt{Primary: all, Security: all}
}

// File is one file that cloud-init writes.
type File struct {
	// Path is absolute.
	Path string `json:"path"`
	// Owner is user:group.
	Owner string `json:"owner"`
	// Permissions are octal digits, e.g. "0600".
	Permissions string `json:"permissions"`
	// Content is the file's text.
	Content string `json:"content"`
}

var octal = regexp.MustCompile(`^0[0-7]{3}$`)

// Decode unpacks user data as it is handed to EC2: base64 of a gzipped cloud-config.
func Decode(encoded string) (*Document, error) {
	text, err := unpack(encoded)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(text, []byte(header)) {
		return nil, errors.New("user data does not begin with the line #cloud-config: cloud-init would ignore it")
	}
	document := &Document{}
	if err := yaml.UnmarshalStrict(text, document); err != nil {
		return nil, fmt.Errorf("user data is no cloud-config of the expected form: %w", err)
	}
	if err := document.check(); err != nil {
		return nil, err
	}
	return document, nil
}

func unpack(encoded string) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("user data is not base64: %w", err)
	}
	if len(raw) > MaxBytes {
		return nil, fmt.Errorf("user data has %d bytes: EC2 takes at most %d", len(raw), MaxBytes)
	}
	reader, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("user data is not gzip: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(reader, maxText+1))
	if err != nil {
		return nil, fmt.Errorf("user data cannot be unpacked: %w", err)
	}
	if len(text) > maxText {
		return nil, fmt.Errorf("user data unpacks to more than %d bytes", maxText)
	}
	return text, nil
}

func (d *Document) check() error {
	var problems []error
	seen := map[string]bool{}
	for _, file := range d.Files {
		if !path.IsAbs(file.Path) || path.Clean(file.Path) != file.Path {
			problems = append(problems, fmt.Errorf("file path %q is not a clean absolute path", file.Path))
		}
		if seen[file.Path] {
			problems = append(problems, fmt.Errorf("file %s is written twice", file.Path))
		}
		seen[file.Path] = true
		if !octal.MatchString(file.Permissions) {
			problems = append(problems, fmt.Errorf("file %s has permissions %q: must be four octal digits, e.g. \"0600\"", file.Path, file.Permissions))
		}
		if file.Owner != "root:root" {
			problems = append(problems, fmt.Errorf("file %s belongs to %q: must be root:root", file.Path, file.Owner))
		}
	}
	for i, command := range d.Commands {
		if len(command) == 0 || strings.TrimSpace(command[0]) == "" {
			problems = append(problems, fmt.Errorf("command %d is empty", i+1))
		}
	}
	return errors.Join(problems...)
}

// File returns the content of the file that is written at the path.
func (d *Document) File(at string) (string, error) {
	for _, file := range d.Files {
		if file.Path == at {
			return file.Content, nil
		}
	}
	return "", fmt.Errorf("user data has no file %s", at)
}
