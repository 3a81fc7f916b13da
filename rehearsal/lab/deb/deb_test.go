package deb

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/rehearsal/lab/archive"
)

func sample() *Package {
	return &Package{
		Name: "hello", Version: "1.2-1.1", Description: "a package of the test's", Depends: []string{"other (>= 1)"},
		Files: []archive.File{
			{Path: "/etc/hello.conf", Content: "greeting = hi\n"},
			{Path: "/usr/bin/hello", Mode: 0o755, Content: "#!/bin/sh\necho hello\n"},
			{Path: "/usr/bin/hi", Link: "hello"},
		},
		Conffiles: []string{"/etc/hello.conf"},
	}
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("NOT RUN: %s is not installed", name)
	}
	output, err := exec.Command(path, args...).CombinedOutput()
	require.NoError(t, err, string(output))
	return string(output)
}

func TestDpkgReadsThePackage(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, sample().Build(dir))
	file := filepath.Join(dir, "hello_1.2-1.1_amd64.deb")
	assert.Equal(t, "1.2-1.1\n", run(t, "dpkg-deb", "--field", file, "Version"))
	assert.Equal(t, "other (>= 1)\n", run(t, "dpkg-deb", "--field", file, "Depends"))
	run(t, "dpkg-deb", "--extract", file, dir)
	assert.Equal(t, "hello\n", run(t, filepath.Join(dir, "usr/bin/hi")))
	info, err := os.Stat(filepath.Join(dir, "etc/hello.conf"))
	require.NoError(t, err)
	assert.EqualValues(t, 0o644, info.Mode().Perm())
	left, err := filepath.Glob(filepath.Join(dir, "data*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestMissingSourceIsNamed(t *testing.T) {
	p := sample()
	p.Files = append(p.Files, archive.Program("/usr/bin/gone", "/does/not/exist"))
	err := p.Build(t.TempDir())
	require.ErrorContains(t, err, "package hello")
	assert.ErrorContains(t, err, "/usr/bin/gone")
}

// apt lists what a repository offers, with nothing of this machine's own configuration.
func apt(t *testing.T, source string, key []byte) (string, error) {
	t.Helper()
	if _, err := exec.LookPath("apt-get"); err != nil {
		t.Skip("NOT RUN: apt is not installed")
	}
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o755))
	for _, sub := range []string{"lists/partial", "archives/partial", "parts"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, sub), 0o755))
	}
	keyring, list := filepath.Join(dir, "key.asc"), filepath.Join(dir, "sources.list")
	require.NoError(t, os.WriteFile(keyring, key, 0o644))
	require.NoError(t, os.WriteFile(list, []byte("deb [arch=amd64 signed-by="+keyring+"] "+source+"\n"), 0o644))
	options := []string{
		"-o", "Dir::Etc::sourcelist=" + list, "-o", "Dir::Etc::sourceparts=" + filepath.Join(dir, "parts"), "-o", "Dir::State::lists=" + filepath.Join(dir, "lists"),
		"-o", "Dir::Cache=" + dir, "-o", "Acquire::http::Proxy=DIRECT", "-o", "APT::Update::Error-Mode=any", "-o", "APT::Sandbox::User=root",
		"-o", "APT::Architecture=amd64",
	}
	output, err := exec.Command("apt-get", append(options, "update")...).CombinedOutput()
	if err != nil {
		return string(output), err
	}
	output, err = exec.Command("apt-cache", append(options, "policy", "hello")...).CombinedOutput()
	return string(output), err
}

func TestAptTrustsTheRepository(t *testing.T) {
	key, err := NewKey("Test")
	require.NoError(t, err)
	public, err := key.Public()
	require.NoError(t, err)
	stranger, err := NewKey("Stranger")
	require.NoError(t, err)
	strange, err := stranger.Public()
	require.NoError(t, err)
	for form, r := range map[string]Repository{"/": {}, "bookworm stable": {Suite: "bookworm", Component: "stable"}} {
		t.Run(form, func(t *testing.T) {
			r.Folder = t.TempDir()
			require.NoError(t, r.Publish(key, sample()))
			server := httptest.NewServer(http.FileServer(http.Dir(r.Folder)))
			defer server.Close()
			output, err := apt(t, server.URL+" "+form, public)
			require.NoError(t, err, output)
			assert.Contains(t, output, "Candidate: 1.2-1.1")
			output, err = apt(t, server.URL+" "+form, strange)
			require.Error(t, err, output)
			assert.Contains(t, output, "NO_PUBKEY")
		})
	}
}
