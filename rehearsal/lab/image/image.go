// Package image builds container images from files and serves them from an OCI registry.
package image

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/growbin/cluster/rehearsal/lab/rootfs"
)

// searchPath is the environment variable PATH of an image that sets none.
const searchPath = "PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin"

// Image describes an image: a layer of files on those of Base.
type Image struct {
	// Name is repository and tag without the registry, e.g. coredns:v1.14.2.
	Name string
	// Base, if non-nil, is a system below the files.
	Base  *Layer
	Files []rootfs.File
	// Entrypoint and Command are those of the image; Environment has entries KEY=value.
	Entrypoint, Command, Environment []string
	// WorkingDir is the directory in which the command starts; empty for /.
	WorkingDir string
}

func (i Image) build() (v1.Image, error) {
	layer, err := i.layer()
	if err != nil {
		return nil, err
	}
	layers := []v1.Layer{layer}
	if i.Base != nil {
		layers = []v1.Layer{i.Base, layer}
	}
	built := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	built, err = mutate.AppendLayers(built, layers...)
	if err != nil {
		return nil, err
	}
	config, err := built.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", "amd64"
	config.Config.Entrypoint, config.Config.Cmd, config.Config.WorkingDir = i.Entrypoint, i.Command, i.WorkingDir
	config.Config.Env = i.Environment
	if !slices.ContainsFunc(i.Environment, func(v string) bool { return strings.HasPrefix(v, "PATH=") }) {
		config.Config.Env = append([]string{searchPath}, i.Environment...)
	}
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
