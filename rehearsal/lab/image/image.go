// Package image builds container images from files and serves them from an OCI registry.
package image

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/growbin/cluster/rehearsal/lab/rootfs"
)

// searchPath is the environment variable PATH of every image.
const searchPath = "PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin"

// Image describes an image with one layer.
type Image struct {
	// Name is repository and tag without the registry, e.g. coredns:v1.14.2.
	Name       string
	Files      []rootfs.File
	Entrypoint []string
}

func (i Image) build() (v1.Image, error) {
	layer, err := i.layer()
	if err != nil {
		return nil, err
	}
	built := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	built, err = mutate.AppendLayers(built, layer)
	if err != nil {
		return nil, err
	}
	config, err := built.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", "amd64"
	config.Config.Entrypoint, config.Config.Env = i.Entrypoint, []string{searchPath}
	return mutate.ConfigFile(built, config)
}

// layer is not compressed, because it never leaves this machine.
func (i Image) layer() (v1.Layer, error) {
	root, err := os.MkdirTemp("", "boot-lab-image-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(root)
	if err := rootfs.Write(root, i.Files...); err != nil {
		return nil, err
	}
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	if err := writer.AddFS(os.DirFS(root)); err != nil {
		return nil, fmt.Errorf("archiving the files: %w", err)
	}
	if err := writer.Close(); err != nil {
		return nil, fmt.Errorf("archiving the files: %w", err)
	}
	return static.NewLayer(archive.Bytes(), types.OCIUncompressedLayer), nil
}
