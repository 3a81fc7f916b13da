// Package imagedigest asks registries for the digests of container images.
package imagedigest

import (
	"context"
	"fmt"
	"net/url"
	"path"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Resolver asks registries, with the credentials that docker login has stored, or without.
type Resolver struct {
	// Mirrors are the URLs that stand for a registry, by the registry in the images' names, e.g. docker.io: those of containerd.
	Mirrors map[string]string
	// Architecture of the nodes, e.g. "amd64". An image must be there for Linux on it.
	Architecture string
}

// Digest returns the digest of a tag, "sha256:" and 64 hexadecimal digits: that of the index if the image is one of several
// platforms, so that it serves each.
func (r Resolver) Digest(ctx context.Context, reference string) (string, error) {
	located, err := r.locate(reference)
	if err != nil {
		return "", err
	}
	found, err := remote.Get(located, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain))
	if err != nil {
		return "", fmt.Errorf("%s: %w", located, err)
	}
	platforms, err := platformsOf(found)
	if err != nil {
		return "", fmt.Errorf("%s: %w", located, err)
	}
	want := v1.Platform{OS: "linux", Architecture: r.Architecture}
	for _, platform := range platforms {
		if platform.Satisfies(want) {
			return found.Digest.String(), nil
		}
	}
	return "", fmt.Errorf("%s: must be an image for %s, is for %v", located, want, platforms)
}

func platformsOf(found *remote.Descriptor) ([]v1.Platform, error) {
	if !found.MediaType.IsIndex() {
		image, err := found.Image()
		if err != nil {
			return nil, err
		}
		config, err := image.ConfigFile()
		if err != nil {
			return nil, err
		}
		return []v1.Platform{*config.Platform()}, nil
	}
	index, err := found.ImageIndex()
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	var platforms []v1.Platform
	for _, one := range manifest.Manifests {
		if one.Platform != nil {
			platforms = append(platforms, *one.Platform)
		}
	}
	return platforms, nil
}

// locate returns where containerd pulls the reference from: the registry's mirror, or else the registry.
func (r Resolver) locate(reference string) (name.Tag, error) {
	tag, err := name.NewTag(reference)
	if err != nil {
		return name.Tag{}, err
	}
	registry := tag.RegistryStr()
	if registry == name.DefaultRegistry {
		registry = "docker.io"
	}
	address := r.Mirrors[registry]
	if address == "" {
		return tag, nil
	}
	mirror, err := url.Parse(address)
	if err != nil {
		return name.Tag{}, fmt.Errorf("mirror of %s: %w", registry, err)
	}
	var options []name.Option
	if mirror.Scheme == "http" {
		options = append(options, name.Insecure)
	}
	return name.NewTag(mirror.Host+path.Join("/", mirror.Path, tag.RepositoryStr())+":"+tag.TagStr(), options...)
}
