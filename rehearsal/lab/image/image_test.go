package image

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/rehearsal/lab/archive"
)

func get(t *testing.T, url string) (int, http.Header, []byte) {
	t.Helper()
	answer, err := http.Get(url)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, answer.Header, body
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func TestAnImageIsPulledAsARuntimePullsIt(t *testing.T) {
	registry, err := NewRegistry(t.TempDir(), Image{Name: "lab/hello:1", Entrypoint: []string{"/hello"}, Files: []archive.File{{Path: "/hello", Mode: 0o755, Content: "hello"}}})
	require.NoError(t, err)
	server := httptest.NewServer(registry)
	defer server.Close()

	status, _, _ := get(t, server.URL+"/v2/")
	assert.Equal(t, http.StatusOK, status)
	status, header, byTag := get(t, server.URL+"/v2/lab/hello/manifests/1")
	require.Equal(t, http.StatusOK, status)
	assert.Equal(t, manifestType, header.Get("Content-Type"))
	assert.Equal(t, digest(byTag), header.Get("Docker-Content-Digest"))
	_, _, byDigest := get(t, server.URL+"/v2/lab/hello/manifests/"+digest(byTag))
	assert.Equal(t, byTag, byDigest)

	var found manifest
	require.NoError(t, json.Unmarshal(byTag, &found))
	_, _, layer := get(t, server.URL+"/v2/lab/hello/blobs/"+found.Layers[0].Digest)
	assert.Equal(t, found.Layers[0].Digest, digest(layer))
	assert.EqualValues(t, found.Layers[0].Size, len(layer))
	_, _, text := get(t, server.URL+"/v2/lab/hello/blobs/"+found.Config.Digest)
	var about config
	require.NoError(t, json.Unmarshal(text, &about))
	assert.Equal(t, []string{"/hello"}, about.Config.Entrypoint)
	assert.Equal(t, []string{found.Layers[0].Digest}, about.RootFS.DiffIDs)
}

func TestWhatIsNotThereIsSaid(t *testing.T) {
	registry, err := NewRegistry(t.TempDir())
	require.NoError(t, err)
	server := httptest.NewServer(registry)
	defer server.Close()
	status, _, body := get(t, server.URL+"/v2/pause/manifests/9")
	assert.Equal(t, http.StatusNotFound, status)
	assert.Contains(t, string(body), "MANIFEST_UNKNOWN")
	status, _, _ = get(t, server.URL+"/v2/pause/blobs/..%2f..%2fetc%2fpasswd")
	assert.Equal(t, http.StatusNotFound, status)
}
