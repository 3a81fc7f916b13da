// Package deb makes Debian packages and signed repositories of them, as small as apt accepts them.
package deb

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/growbin/cluster/rehearsal/lab/archive"
)

// architecture is that of the machines: the topology has Intel ones only.
const architecture = "amd64"

// Package is a binary package.
type Package struct {
	Name, Version, Description string
	// Depends, Conflicts, Provides and Replaces are lists as in a control file: "cri-tools (>= 1.30.0)".
	Depends, Conflicts, Provides, Replaces []string
	Files                                  []archive.File
	// Conffiles are the paths that an installation must not overwrite once an administrator changed them.
	Conffiles []string
}

// FileName is what the package's file is called.
func (p *Package) FileName() string {
	return fmt.Sprintf("%s_%s_%s.deb", p.Name, strings.ReplaceAll(p.Version, ":", "%3a"), architecture)
}

// control is the package's description of itself.
func (p *Package) control() string {
	var text strings.Builder
	field := func(name string, values ...string) {
		if len(values) > 0 {
			fmt.Fprintf(&text, "%s: %s\n", name, strings.Join(values, ", "))
		}
	}
	field("Package", p.Name)
	field("Version", p.Version)
	field("Architecture", architecture)
	field("Maintainer", "Boot lab <lab@localhost>")
	field("Depends", p.Depends...)
	field("Conflicts", p.Conflicts...)
	field("Provides", p.Provides...)
	field("Replaces", p.Replaces...)
	field("Description", p.Description)
	return text.String()
}

// Build writes the package's file into a folder.
func (p *Package) Build(folder string) error {
	if err := p.build(folder); err != nil {
		return fmt.Errorf("package %s: %w", p.Name, err)
	}
	return nil
}

func (p *Package) build(folder string) error {
	data, err := os.CreateTemp(folder, "data")
	if err != nil {
		return err
	}
	defer os.Remove(data.Name())
	defer data.Close()
	if err := archive.Write(data, "./", p.Files); err != nil {
		return err
	}
	size, err := data.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if _, err := data.Seek(0, io.SeekStart); err != nil {
		return err
	}
	control, err := p.controlArchive()
	if err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(folder, p.FileName()))
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := io.WriteString(file, "!<arch>\n"); err != nil {
		return err
	}
	// data.tar is not compressed: it is read once, from this machine's memory.
	for _, member := range []struct {
		name    string
		size    int64
		content io.Reader
	}{
		{"debian-binary", 4, strings.NewReader("2.0\n")},
		{"control.tar.gz", int64(len(control)), bytes.NewReader(control)},
		{"data.tar", size, data},
	} {
		if err := writeMember(file, member.name, member.size, member.content); err != nil {
			return err
		}
	}
	return file.Close()
}

func (p *Package) controlArchive() ([]byte, error) {
	files := []archive.File{{Path: "/control", Content: p.control()}}
	if len(p.Conffiles) > 0 {
		files = append(files, archive.File{Path: "/conffiles", Content: strings.Join(p.Conffiles, "\n") + "\n"})
	}
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	if err := archive.Write(writer, "./", files); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// writeMember writes one file of an ar archive: a header of 60 bytes, the content, and a byte more if its size is odd.
func writeMember(w io.Writer, name string, size int64, content io.Reader) error {
	if _, err := fmt.Fprintf(w, "%-16s%-12d%-6d%-6d%-8o%-10d`\n", name, 0, 0, 0, 0o100644, size); err != nil {
		return err
	}
	if _, err := io.Copy(w, content); err != nil {
		return err
	}
	if size%2 == 1 {
		_, err := io.WriteString(w, "\n")
		return err
	}
	return nil
}
