package canary

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const value = "canary/with+signs="

func search(t *testing.T) *Search {
	s, err := New(map[string]string{"token": value, "other": "never-anywhere"})
	require.NoError(t, err)
	return s
}

func TestSearch_EveryForm(t *testing.T) {
	for _, form := range []string{value, base64.StdEncoding.EncodeToString([]byte(value)), url.QueryEscape(value)} {
		s := search(t)
		s.In("a log", []byte("before "+form+" after"))
		assert.Equal(t, []string{"the value of token is in a log"}, s.Found())
	}
	s := search(t)
	s.In("a log", []byte(value[1:]))
	assert.Empty(t, s.Found())
}

func TestSearch_Files(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"kept", "searched"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(value), 0o600))
	}
	s := search(t)
	require.NoError(t, s.InFiles(folder, func(path string) bool { return path != "kept" }))
	assert.Equal(t, []string{"the value of token is in " + filepath.Join(folder, "searched")}, s.Found())
}

func TestSearch_Archive(t *testing.T) {
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	writer := tar.NewWriter(zipped)
	require.NoError(t, writer.WriteHeader(&tar.Header{Name: "db", Size: int64(len(value)), Mode: 0o600}))
	_, err := writer.Write([]byte(value))
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	require.NoError(t, zipped.Close())
	s := search(t)
	require.NoError(t, s.InArchive("the backup", packed.Bytes()))
	assert.Equal(t, []string{"the value of token is in the backup db"}, s.Found())
	require.Error(t, s.InArchive("the backup", []byte("no archive")))
}

func TestSearch_CommandLines(t *testing.T) {
	process := exec.CommandContext(t.Context(), "sh", "-c", "read line", value)
	input, err := process.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, process.Start())
	s := search(t)
	require.NoError(t, s.InCommandLines())
	assert.Equal(t, []string{"the value of token is in the arguments of process sh"}, s.Found())
	require.NoError(t, input.Close())
	_ = process.Wait() // read finds no line
}

func TestNew_RefusesShortValues(t *testing.T) {
	_, err := New(map[string]string{"password": "short"})
	require.ErrorContains(t, err, "the value of password has 5 bytes, must have at least 12")
}
