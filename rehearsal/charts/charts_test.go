package charts

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// chartFolder is a folder with one chart, which depends on another.
func chartFolder(t *testing.T) string {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	files := tar.NewWriter(zip)
	for _, file := range [][2]string{
		{"web/charts/inner/Chart.yaml", "apiVersion: v2\nname: inner\nversion: 9.9.9\n"},
		{"web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\n"},
	} {
		require.NoError(t, files.WriteHeader(&tar.Header{Name: file[0], Mode: 0o644, Size: int64(len(file[1]))}))
		_, err := files.Write([]byte(file[1]))
		require.NoError(t, err)
	}
	require.NoError(t, files.Close())
	require.NoError(t, zip.Close())
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "web-1.2.3.tgz"), out.Bytes(), 0o600))
	return dir
}

func TestSource_Folder(t *testing.T) {
	dir, authority := chartFolder(t), filepath.Join(t.TempDir(), "ca.pem")
	s, err := Open(t.Context(), dir, authority)
	require.NoError(t, err)
	defer s.Close()
	assert.Empty(t, s.Missing(t.Context(), "https://charts.example.com/web", "web", "1.2.3"))
	assert.Contains(t, s.Missing(t.Context(), "https://charts.example.com/web", "web", "1.2.4"), dir)
	assert.Contains(t, s.Missing(t.Context(), "https://charts.example.com/web", "inner", "9.9.9"), dir, "it is no chart of its own")

	trusted, err := os.ReadFile(authority)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(trusted))
	through, err := url.Parse(s.proxy.url)
	require.NoError(t, err)
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(through), TLSClientConfig: &tls.Config{RootCAs: roots}}}
	get := func(address string) (int, []byte) {
		response, err := client.Get(address)
		require.NoError(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, body
	}
	for _, scheme := range []string{"https", "http"} {
		code, index := get(scheme + "://charts.example.com/web/index.yaml")
		assert.Equal(t, http.StatusOK, code)
		assert.Contains(t, string(index), "version: 1.2.3")
		assert.Contains(t, string(index), "- web-1.2.3.tgz")
		code, archive := get(scheme + "://charts.example.com/web/web-1.2.3.tgz")
		assert.Equal(t, http.StatusOK, code)
		saved, err := os.ReadFile(filepath.Join(dir, "web-1.2.3.tgz"))
		require.NoError(t, err)
		assert.Equal(t, saved, archive)
		code, _ = get(scheme + "://charts.example.com/web/other-1.0.0.tgz")
		assert.Equal(t, http.StatusNotFound, code)
	}
}

func TestSource_ArchiveOfTheProgram(t *testing.T) {
	s, err := Open(t.Context(), chartFolder(t), filepath.Join(t.TempDir(), "ca.pem"))
	require.NoError(t, err)
	defer s.Close()
	assert.Empty(t, s.Missing(t.Context(), "", "../charts/other-1.0.0.tgz", "1.0.0"))
}

func TestSource_FolderWithoutCharts(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(t.Context(), dir, filepath.Join(dir, "ca.pem"))
	assert.ErrorContains(t, err, "CHARTS="+dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "web-1.tgz"), []byte("no archive"), 0o600))
	_, err = Open(t.Context(), dir, filepath.Join(dir, "ca.pem"))
	assert.ErrorContains(t, err, "web-1.tgz")
}

func TestSource_Network(t *testing.T) {
	s, err := Open(t.Context(), "", "")
	require.NoError(t, err)
	defer s.Close()
	assert.Empty(t, s.Environment())
	assert.Contains(t, s.Missing(t.Context(), "http://127.0.0.1:1/charts", "web", "1.2.3"), "cannot be reached")
	requests := 0
	repository := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		if r.URL.Path != "/charts/index.yaml" {
			http.NotFound(w, r)
		}
	}))
	for range 2 {
		assert.Empty(t, s.Missing(t.Context(), repository.URL+"/charts", "web", "1.2.3"))
	}
	assert.Equal(t, 1, requests)
	assert.Contains(t, s.Missing(t.Context(), repository.URL+"/elsewhere", "web", "1.2.3"), "404")
	repository.Close()
	assert.Empty(t, s.Missing(t.Context(), repository.URL+"/charts", "web", "1.2.3"), "the answer stays")
}
