package chart

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pack writes an archive of the chart with one file.
func pack(t *testing.T, folder, name, text string) {
	t.Helper()
	var archive bytes.Buffer
	zip := gzip.NewWriter(&archive)
	files := tar.NewWriter(zip)
	for _, file := range [][2]string{{"web/Chart.yaml", "appVersion: 4.5.6\n"}, {name, text}} {
		require.NoError(t, files.WriteHeader(&tar.Header{Name: file[0], Mode: 0o600, Size: int64(len(file[1]))}))
		_, err := files.Write([]byte(file[1]))
		require.NoError(t, err)
	}
	require.NoError(t, errors.Join(files.Close(), zip.Close(), os.WriteFile(filepath.Join(folder, web.File()), archive.Bytes(), 0o600)))
}

func TestDefaults(t *testing.T) {
	folder := t.TempDir()
	var values struct {
		Image struct {
			Tag string `json:"tag"`
		} `json:"image"`
	}
	_, found, err := web.Defaults(folder, &values)
	require.NoError(t, err)
	assert.False(t, found)

	pack(t, folder, "web/values.yaml", "image: {tag: 1.2.3, repository: web}\n")
	version, found, err := web.Defaults(folder, &values)
	require.NoError(t, err)
	assert.True(t, found)
	assert.Equal(t, "4.5.6", version)
	assert.Equal(t, "1.2.3", values.Image.Tag)

	pack(t, folder, "web/charts/other/values.yaml", "image: {tag: 9.9.9}\n")
	_, _, err = web.Defaults(folder, &values)
	require.ErrorContains(t, err, "web-1.2.3.tgz: values.yaml: EOF")
	pack(t, folder, "web/values.yaml", "image: [\n")
	_, _, err = web.Defaults(folder, &values)
	require.ErrorContains(t, err, "web-1.2.3.tgz: values.yaml: ")
	require.NoError(t, os.WriteFile(filepath.Join(folder, web.File()), []byte("no archive"), 0o600))
	_, _, err = web.Defaults(folder, &values)
	assert.ErrorContains(t, err, "gzip: invalid header")
}
