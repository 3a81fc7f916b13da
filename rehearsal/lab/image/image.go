// Package image makes container images from programs, and serves them as a registry does.
package image

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/growbin/cluster/rehearsal/lab/archive"
)

const (
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	configType   = "application/vnd.oci.image.config.v1+json"
	layerType    = "application/vnd.oci.image.layer.v1.tar"
)

// Image is one image of one layer.
type Image struct {
	// Name is repository and tag without the registry: "coredns:v1.14.2".
	Name       string
	Files      []archive.File
	Entrypoint []string
}

type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
}

type manifest struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Config        descriptor   `json:"config"`
	Layers        []descriptor `json:"layers"`
}

type config struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
	Config       struct {
		Entrypoint []string `json:"Entrypoint"`
		Env        []string `json:"Env"`
	} `json:"config"`
	RootFS struct {
		Type    string   `json:"type"`
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
}

// store is a folder of blobs named by their digest.
type store string

func (s store) path(digest string) string {
	return filepath.Join(string(s), strings.ReplaceAll(digest, ":", "-"))
}

// put keeps what write writes.
func (s store) put(mediaType string, write func(io.Writer) error) (descriptor, error) {
	file, err := os.CreateTemp(string(s), "new")
	if err != nil {
		return descriptor{}, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	hash := sha256.New()
	if err := write(io.MultiWriter(file, hash)); err != nil {
		return descriptor{}, err
	}
	size, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return descriptor{}, err
	}
	digest := "sha256:" + hex.EncodeToString(hash.Sum(nil))
	return descriptor{MediaType: mediaType, Digest: digest, Size: size}, os.Rename(file.Name(), s.path(digest))
}

func (s store) putJSON(mediaType string, value any) (descriptor, error) {
	return s.put(mediaType, func(w io.Writer) error { return json.NewEncoder(w).Encode(value) })
}

// add makes the image's blobs and returns its manifest's.
func (s store) add(image Image) (descriptor, error) {
	// The layer is not compressed: it never leaves this machine.
	layer, err := s.put(layerType, func(w io.Writer) error { return archive.Write(w, "", image.Files) })
	if err != nil {
		return descriptor{}, fmt.Errorf("image %s: %w", image.Name, err)
	}
	c := config{Architecture: "amd64", OS: "linux"}
	c.Config.Entrypoint = image.Entrypoint
	c.Config.Env = []string{"PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin"}
	c.RootFS.Type, c.RootFS.DiffIDs = "layers", []string{layer.Digest}
	description, err := s.putJSON(configType, c)
	if err != nil {
		return descriptor{}, fmt.Errorf("image %s: %w", image.Name, err)
	}
	found, err := s.putJSON(manifestType, manifest{SchemaVersion: 2, MediaType: manifestType, Config: description, Layers: []descriptor{layer}})
	if err != nil {
		return descriptor{}, fmt.Errorf("image %s: %w", image.Name, err)
	}
	return found, nil
}
