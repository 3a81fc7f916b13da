package imagedigest

import (
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// serve returns the host of an empty registry.
func serve(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func imageFor(t *testing.T, architecture string) v1.Image {
	t.Helper()
	image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: "linux", Architecture: architecture, RootFS: v1.RootFS{Type: "layers"}})
	require.NoError(t, err)
	return image
}

func tag(t *testing.T, reference string) name.Tag {
	t.Helper()
	parsed, err := name.NewTag(reference)
	require.NoError(t, err)
	return parsed
}

// index pushes an image for each of the architectures, and returns the digest of their index.
func index(t *testing.T, reference string, architectures ...string) string {
	t.Helper()
	all := v1.ImageIndex(empty.Index)
	for _, architecture := range architectures {
		all = mutate.AppendManifests(all, mutate.IndexAddendum{
			Add: imageFor(t, architecture), Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: architecture}},
		})
	}
	require.NoError(t, remote.WriteIndex(tag(t, reference), all))
	digest, err := all.Digest()
	require.NoError(t, err)
	return digest.String()
}

func TestDigest_OfTheIndex(t *testing.T) {
	host := serve(t)
	want := index(t, host+"/team/web:1.2.3", "arm64", "amd64")
	r := Resolver{Architecture: "amd64"}
	found, err := r.Digest(t.Context(), host+"/team/web:1.2.3")
	require.NoError(t, err)
	assert.Equal(t, want, found)

	single := imageFor(t, "amd64")
	require.NoError(t, remote.Write(tag(t, host+"/team/single:1.0.0"), single))
	digest, err := single.Digest()
	require.NoError(t, err)
	found, err = r.Digest(t.Context(), host+"/team/single:1.0.0")
	require.NoError(t, err)
	assert.Equal(t, digest.String(), found)
}

func TestDigest_NotForTheNodes(t *testing.T) {
	host := serve(t)
	index(t, host+"/team/web:1.2.3", "arm64", "s390x")
	require.NoError(t, remote.Write(tag(t, host+"/team/single:1.0.0"), imageFor(t, "arm64")))
	for _, reference := range []string{host + "/team/web:1.2.3", host + "/team/single:1.0.0"} {
		_, err := Resolver{Architecture: "amd64"}.Digest(t.Context(), reference)
		assert.ErrorContains(t, err, "must be an image for linux/amd64, is for [linux/arm64")
	}
}

func TestDigest_MissingOrAway(t *testing.T) {
	host := serve(t)
	_, err := Resolver{Architecture: "amd64"}.Digest(t.Context(), host+"/team/web:1.2.3")
	assert.ErrorContains(t, err, host+"/team/web:1.2.3: ")
	assert.ErrorContains(t, err, "NAME_UNKNOWN")
	away := httptest.NewServer(nil)
	away.Close()
	_, err = Resolver{Architecture: "amd64"}.Digest(t.Context(), strings.TrimPrefix(away.URL, "http://")+"/team/web:1.2.3")
	assert.ErrorContains(t, err, "connection refused")
	_, err = Resolver{}.Digest(t.Context(), "Web:1")
	assert.Error(t, err)
}

// containerd asks a mirror for the whole name in the registry, below the mirror's path.
func TestDigest_ThroughTheMirror(t *testing.T) {
	host := serve(t)
	redis := index(t, host+"/docker/library/redis:7.2.16", "amd64")
	node := index(t, host+"/calico/node:v3.32.2", "amd64")
	r := Resolver{Architecture: "amd64", Mirrors: map[string]string{"docker.io": "http://" + host + "/docker/", "quay.io": "http://" + host}}
	for reference, want := range map[string]string{"redis:7.2.16": redis, "docker.io/library/redis:7.2.16": redis, "quay.io/calico/node:v3.32.2": node} {
		found, err := r.Digest(t.Context(), reference)
		require.NoError(t, err)
		assert.Equal(t, want, found)
	}
	_, err := r.Digest(t.Context(), "prom/prometheus:v3.13.2")
	assert.ErrorContains(t, err, host+"/docker/prom/prometheus:v3.13.2: ", "the registry itself is not asked")
	secure, err := Resolver{Mirrors: map[string]string{"quay.io": "https://registry.example.com/quay"}}.locate("quay.io/calico/node:v3.32.2")
	require.NoError(t, err)
	assert.Equal(t, "https://registry.example.com/quay/calico/node:v3.32.2", secure.Scheme()+"://"+secure.Name())
}
