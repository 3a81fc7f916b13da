// Package deb builds Debian packages with dpkg-deb and signed repositories of them with apt-ftparchive.
package deb

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/growbin/cluster/rehearsal/lab/rootfs"
)

// architecture is that of the instances: the topology has Intel types only.
const architecture = "amd64"

// Package describes a binary package.
type Package struct {
	Name, Version, Description string
	// Depends, Conflicts, Provides and Replaces are lists as in a control file, e.g. "cri-tools (>= 1.30.0)".
	Depends, Conflicts, Provides, Replaces []string
	Files                                  []rootfs.File
	// Conffiles are the paths that an upgrade must not overwrite once an administrator has changed them.
	Conffiles []string
}

// control returns the package's control file.
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

// Build writes the package's file into a directory and returns its path.
func (p *Package) Build(directory string) (string, error) {
	path := filepath.Join(directory, fmt.Sprintf("%s_%s_%s.deb", p.Name, p.Version, architecture))
	if err := p.build(path); err != nil {
		return "", fmt.Errorf("package %s: %w", p.Name, err)
	}
	return path, nil
}

func (p *Package) build(target string) error {
	root, err := os.MkdirTemp("", "boot-lab-package-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	if err := os.Chmod(root, 0o755); err != nil { // it becomes the mode of / in the package
		return err
	}
	files := append([]rootfs.File{{Path: "/DEBIAN/control", Content: p.control()}}, p.Files...)
	if len(p.Conffiles) > 0 {
		files = append(files, rootfs.File{Path: "/DEBIAN/conffiles", Content: strings.Join(p.Conffiles, "\n") + "\n"})
	}
	if err := rootfs.Write(root, files...); err != nil {
		return err
	}
	// Not compressed, because the package never leaves this machine.
	_, err = run("", "dpkg-deb", "--root-owner-group", "-Znone", "--build", root, target)
	return err
}

// run runs a program in a directory and returns its standard output.
func run(directory, program string, arguments ...string) ([]byte, error) {
	command := exec.Command(program, arguments...)
	command.Dir = directory
	var problem bytes.Buffer
	command.Stderr = &problem
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", program, err, strings.TrimSpace(problem.String()))
	}
	return output, nil
}
