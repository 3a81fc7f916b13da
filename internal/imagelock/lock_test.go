package imagelock

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var digest = "sha256:" + strings.Repeat("a1", 32)

func TestLock_WrittenSortedAndReadBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "images.lock")
	lock := Lock{"redis:7.2.16": digest, "quay.io:443/calico/node:v3.32.2": digest, "amazon/aws-cli:2.37.5": digest}
	require.NoError(t, lock.Write(path))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "amazon/aws-cli:2.37.5 "+digest+"\nquay.io:443/calico/node:v3.32.2 "+digest+"\nredis:7.2.16 "+digest+"\n", string(text))
	read, err := Read(path)
	require.NoError(t, err)
	assert.Equal(t, lock, read)
	assert.Equal(t, "redis:7.2.16@"+digest, read.Pin("redis:7.2.16"))
	assert.Equal(t, "redis:7.2.17", read.Pin("redis:7.2.17"), "the digest of another version")
	assert.Equal(t, []string{"redis:7.2.17"}, read.Without([]string{"redis:7.2.17", "redis:7.2.16"}))
	assert.Equal(t, []string{"amazon/aws-cli:2.37.5", "quay.io:443/calico/node:v3.32.2"}, read.Unused([]string{"redis:7.2.16"}))
}

func TestRead_NoFile(t *testing.T) {
	lock, err := Read(filepath.Join(t.TempDir(), "images.lock"))
	require.NoError(t, err)
	assert.Nil(t, lock)
	assert.Equal(t, "redis:7.2.16", lock.Pin("redis:7.2.16"))
	_, err = Read(t.TempDir())
	assert.ErrorContains(t, err, "digests of images: ")
}

func TestRead_EveryMalformedLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "images.lock")
	lines := []string{
		"redis:7.2.16 " + digest,
		"redis " + digest,
		"redis:7.2.17",
		"redis:7.2.17 " + digest[:70],
		"redis:7.2.17  " + digest,
		"redis:7.2.17@" + digest + " " + digest,
		"",
		"redis:7.2.16 " + digest,
		"redis:7.2.18 " + digest + "\r",
	}
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	lock, err := Read(path)
	assert.Equal(t, Lock{"redis:7.2.16": digest}, lock)
	for _, part := range []string{
		"line 2: ", "line 3: ", "line 4: ", "line 5: ", "line 6: ", `line 7: "" must be a reference`, `line 8: "redis:7.2.16" must be there once`, "line 9: ",
	} {
		assert.ErrorContains(t, err, "images.lock: "+part)
	}
	assert.Len(t, strings.Split(err.Error(), "\n"), 8)
}
