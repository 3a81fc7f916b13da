package image

import (
	"archive/tar"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/rehearsal/lab/rootfs"
)

// serve returns a reference to an image on a registry that holds only the given images.
func serve(t *testing.T, reference string, images ...Image) name.Reference {
	t.Helper()
	registry, err := NewRegistry(filepath.Join(t.TempDir(), "registry"), images...)
	require.NoError(t, err)
	server := httptest.NewServer(registry)
	t.Cleanup(server.Close)
	parsed, err := name.ParseReference(strings.TrimPrefix(server.URL, "http://") + "/" + reference)
	require.NoError(t, err)
	return parsed
}

func TestRegistry_ImagePulledByTagAndDigest(t *testing.T) {
	reference := serve(t, "lab/hello:1", Image{Name: "lab/hello:1", Entrypoint: []string{"/bin/hello"}, Files: []rootfs.File{
		{Path: "/bin/hello", Mode: 0o755, Content: "hello"}, {Path: "/bin/hi", Link: "hello"},
	}})
	pulled, err := remote.Image(reference)
	require.NoError(t, err)
	require.NoError(t, validate.Image(pulled, validate.Fast), "digests and sizes; that of the layer is verified when it is read")
	mediaType, err := pulled.MediaType()
	require.NoError(t, err)
	assert.Equal(t, types.OCIManifestSchema1, mediaType)

	config, err := pulled.ConfigFile()
	require.NoError(t, err)
	assert.Equal(t, "linux/amd64", config.OS+"/"+config.Architecture)
	assert.Equal(t, []string{"/bin/hello"}, config.Config.Entrypoint)
	layers, err := pulled.Layers()
	require.NoError(t, err)
	require.Len(t, layers, 1)
	digest, err := layers[0].Digest()
	require.NoError(t, err)
	assert.Equal(t, digest, config.RootFS.DiffIDs[0], "the layer is not compressed")

	found := map[string]string{}
	files := mutate.Extract(pulled)
	defer files.Close()
	for archive := tar.NewReader(files); ; {
		header, err := archive.Next()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		content, err := io.ReadAll(archive)
		require.NoError(t, err)
		found[strings.TrimSuffix(header.Name, "/")] = header.FileInfo().Mode().String() + " " + header.Linkname + string(content)
	}
	assert.Equal(t, map[string]string{"bin": "drwxr-xr-x ", "bin/hello": "-rwxr-xr-x hello", "bin/hi": "Lrwxrwxrwx hello"}, found)

	digest, err = pulled.Digest()
	require.NoError(t, err)
	byDigest, err := remote.Image(reference.Context().Digest(digest.String()))
	require.NoError(t, err)
	same, err := byDigest.Digest()
	require.NoError(t, err)
	assert.Equal(t, digest, same)
}

func TestRegistry_DownloadResumed(t *testing.T) {
	reference := serve(t, "hello:1", Image{Name: "hello:1", Files: []rootfs.File{{Path: "/hello", Content: "hello"}}})
	pulled, err := remote.Image(reference)
	require.NoError(t, err)
	layers, err := pulled.Layers()
	require.NoError(t, err)
	digest, err := layers[0].Digest()
	require.NoError(t, err)
	size, err := layers[0].Size()
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+reference.Context().RegistryStr()+"/v2/hello/blobs/"+digest.String(), nil)
	require.NoError(t, err)
	request.Header.Set("Range", "bytes=10-")
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, answer.StatusCode)
	assert.Empty(t, answer.Header.Get("Content-Range"))
	assert.Len(t, content, int(size))
}

func TestRegistry_MissingImage(t *testing.T) {
	reference := serve(t, "pause:9")
	_, err := remote.Image(reference)
	failure := &transport.Error{}
	require.ErrorAs(t, err, &failure)
	assert.Equal(t, http.StatusNotFound, failure.StatusCode)
	answer, err := http.Get("http://" + reference.Context().RegistryStr() + "/v2/pause/blobs/..%2f..%2fetc%2fpasswd")
	require.NoError(t, err)
	defer answer.Body.Close()
	assert.GreaterOrEqual(t, answer.StatusCode, http.StatusBadRequest)
}

func TestRegistry_MissingSource(t *testing.T) {
	_, err := NewRegistry(t.TempDir(), Image{Name: "gone:1", Files: []rootfs.File{rootfs.Program("/gone", "/does/not/exist")}})
	require.ErrorContains(t, err, "gone:1")
	assert.ErrorContains(t, err, "/does/not/exist")
}

func TestRegistry_ImageOnBase(t *testing.T) {
	base := filepath.Join(t.TempDir(), "base.tar")
	require.NoError(t, os.WriteFile(base, []byte("an archive"), 0o644))
	layer, err := OpenLayer(base)
	require.NoError(t, err)
	blobs := t.TempDir()
	_, err = NewRegistry(blobs, Image{Name: "a/b:1", Base: layer, Command: []string{"run"}, Environment: []string{"PATH=/x"}})
	require.NoError(t, err)
	content, err := os.ReadFile(filepath.Join(blobs, "sha256", layer.digest.Hex))
	require.NoError(t, err)
	assert.Equal(t, "an archive", string(content))
	built, err := Image{Name: "a/b:1", Base: layer, Command: []string{"run"}, Environment: []string{"PATH=/x"}}.build()
	require.NoError(t, err)
	config, err := built.ConfigFile()
	require.NoError(t, err)
	assert.Equal(t, []string{"PATH=/x"}, config.Config.Env)
	assert.Equal(t, []string{"run"}, config.Config.Cmd)
	assert.Equal(t, layer.digest, config.RootFS.DiffIDs[0])
}
