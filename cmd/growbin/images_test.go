package main

import (
	"bytes"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
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

	"github.com/growbin/cluster/internal/imagedigest"
	"github.com/growbin/cluster/stacks"
)

// imageProject is a folder with a lock, and the registry of its images.
type imageProject struct {
	*testing.T
	o        imagesOptions
	registry *httptest.Server
	host     string
}

func newImageProject(t *testing.T) *imageProject {
	t.Helper()
	p := &imageProject{T: t, o: imagesOptions{stackOptions: &stackOptions{dir: t.TempDir()}}}
	p.registry = httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(p.registry.Close)
	p.host = strings.TrimPrefix(p.registry.URL, "http://")
	return p
}

// push makes a tag one of an image with the content, and returns its digest.
func (p *imageProject) push(image, content string) string {
	p.Helper()
	built, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: "linux", Architecture: "amd64", Author: content, RootFS: v1.RootFS{Type: "layers"}})
	require.NoError(p, err)
	tag, err := name.NewTag(image)
	require.NoError(p, err)
	require.NoError(p, remote.Write(tag, built))
	digest, err := built.Digest()
	require.NoError(p, err)
	return digest.String()
}

// run returns what the command prints, and its error.
func (p *imageProject) run(images ...string) (string, error) {
	var out bytes.Buffer
	err := runImages(p.Context(), p.o, imagedigest.Resolver{Architecture: stacks.ImageArchitecture}, images, &out)
	return out.String(), err
}

func (p *imageProject) lock() string {
	p.Helper()
	text, err := os.ReadFile(filepath.Join(p.o.dir, stacks.ImageLock))
	require.NoError(p, err)
	return string(text)
}

func TestImages_RecordedOnce(t *testing.T) {
	p := newImageProject(t)
	web, db := p.host+"/web:1.2.3", p.host+"/db:15.1"
	first, second := p.push(web, "web"), p.push(db, "db")
	out, err := p.run(web, db)
	require.NoError(t, err)
	assert.Equal(t, "recorded "+web+" "+first+"\nrecorded "+db+" "+second+"\n", out)
	want := db + " " + second + "\n" + web + " " + first + "\n"
	assert.Equal(t, want, p.lock())
	out, err = p.run(web, db)
	require.NoError(t, err)
	assert.Equal(t, "kept "+web+" "+first+"\nkept "+db+" "+second+"\n", out)
	assert.Equal(t, want, p.lock())

	out, err = p.run(web)
	require.NoError(t, err)
	assert.Contains(t, out, "removed "+db+"\n")
	assert.Equal(t, web+" "+first+"\n", p.lock())
}

func TestImages_MovedTag(t *testing.T) {
	p := newImageProject(t)
	web, db := p.host+"/web:1.2.3", p.host+"/db:15.1"
	before := p.push(web, "web")
	_, err := p.run(web)
	require.NoError(t, err)
	locked := p.lock()
	moved, second := p.push(web, "of an attacker"), p.push(db, "db")
	_, err = p.run(web, db)
	require.ErrorContains(t, err, web+": the tag was moved to "+moved+", must be "+before+" as in images.lock")
	assert.Equal(t, db+" "+second+"\n"+locked, p.lock(), "the digest stays")

	p.o.update = true
	out, err := p.run(web, db)
	require.NoError(t, err)
	assert.Contains(t, out, "moved from "+before+": "+web+" "+moved+"\n")
	assert.Equal(t, db+" "+second+"\n"+web+" "+moved+"\n", p.lock())
}

func TestImages_Check(t *testing.T) {
	p := newImageProject(t)
	web, db, old := p.host+"/web:1.2.3", p.host+"/db:15.1", p.host+"/old:1.0.0"
	before := p.push(web, "web")
	p.push(old, "old")
	_, err := p.run(web, old)
	require.NoError(t, err)
	locked := p.lock()
	p.o.check = true
	_, err = p.run(web, old)
	require.NoError(t, err)
	moved, second := p.push(web, "of an attacker"), p.push(db, "db")
	_, err = p.run(web, db)
	for _, part := range []string{
		web + ": the tag was moved to " + moved + ", must be " + before, db + ": has no digest in images.lock, must have " + second,
		old + ": in images.lock, must be an image that the program deploys",
	} {
		require.ErrorContains(t, err, part)
	}
	assert.Equal(t, locked, p.lock(), "nothing is written")
}

func TestImages_MissingOrRegistryAway(t *testing.T) {
	p := newImageProject(t)
	web, absent := p.host+"/web:1.2.3", p.host+"/absent:1.0.0"
	digest := p.push(web, "web")
	_, err := p.run(absent, web)
	require.ErrorContains(t, err, absent+": ")
	assert.Equal(t, web+" "+digest+"\n", p.lock(), "the others are recorded")
	p.registry.Close()
	_, err = p.run(absent, web)
	require.ErrorContains(t, err, absent+": ")
	require.ErrorContains(t, err, web+": ")
	assert.Equal(t, web+" "+digest+"\n", p.lock())

	require.NoError(t, os.WriteFile(filepath.Join(p.o.dir, stacks.ImageLock), []byte("web\n"), 0o600))
	_, err = p.run(web)
	assert.ErrorContains(t, err, "images.lock: line 1: ")
}
