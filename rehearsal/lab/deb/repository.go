package deb

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Repository is a directory that apt installs from once it is served over HTTP.
type Repository struct {
	Directory string
	// Suite and Component place the index as in "deb URL bookworm stable". If both are empty, the repository is flat: "deb URL /".
	Suite, Component string
	// Age backdates the index: apt ignores an index that is older than the one it has.
	Age time.Duration
}

// Publish adds package files, which must be on the same file system, and writes the signed index.
func (r *Repository) Publish(key *Key, packages ...string) error {
	if err := r.publish(key, packages); err != nil {
		return fmt.Errorf("repository %s: %w", r.Directory, err)
	}
	return nil
}

func (r *Repository) publish(key *Key, packages []string) error {
	release, index := r.Directory, r.Directory
	if r.Suite != "" {
		release = filepath.Join(r.Directory, "dists", r.Suite)
		index = filepath.Join(release, r.Component, "binary-"+architecture)
	}
	if err := os.MkdirAll(index, 0o755); err != nil {
		return err
	}
	for _, file := range packages {
		if err := os.Link(file, filepath.Join(r.Directory, filepath.Base(file))); err != nil {
			return err
		}
	}
	// Paths in the index are relative to the repository's root.
	list, err := run(r.Directory, "apt-ftparchive", "packages", ".")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(index, "Packages"), list, 0o644); err != nil {
		return err
	}
	text, err := run(release, "apt-ftparchive", append(r.fields(), "release", ".")...)
	if err != nil {
		return err
	}
	signed, err := key.sign(text)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(release, "InRelease"), signed, 0o644)
}

// fields are the options of apt-ftparchive that set fields of the release file.
func (r *Repository) fields() []string {
	var options []string
	for name, value := range map[string]string{
		"Origin": "Boot lab", "Architectures": architecture, "Suite": r.Suite, "Codename": r.Suite, "Components": r.Component,
		"Date": time.Now().Add(-r.Age).UTC().Format("Mon, 02 Jan 2006 15:04:05 UTC"),
	} {
		options = append(options, "-o", fmt.Sprintf("APT::FTPArchive::Release::%s=%s", name, value))
	}
	return options
}
