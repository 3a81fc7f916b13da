package deb

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/rehearsal/lab/rootfs"
)

func sample() *Package {
	return &Package{
		Name: "hello", Version: "1.2-1.1", Description: "test package", Depends: []string{"other (>= 1)"},
		Files: []rootfs.File{
			{Path: "/etc/hello.conf", Content: "greeting = hi\n"},
			{Path: "/usr/bin/hello", Mode: 0o755, Content: "#!/bin/sh\necho hello\n"},
			{Path: "/usr/bin/hi", Link: "hello"},
		},
		Conffiles: []string{"/etc/hello.conf"},
	}
}

// need skips a test if a program is missing.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("NOT RUN: %s is not installed", program)
		}
	}
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	output, err := exec.Command(name, args...).CombinedOutput()
	require.NoError(t, err, string(output))
	return string(output)
}

func TestPackage_ReadByDpkg(t *testing.T) {
	need(t, "dpkg-deb")
	dir := t.TempDir()
	file, err := sample().Build(dir)
	require.NoError(t, err)
	assert.Equal(t, "hello_1.2-1.1_amd64.deb", filepath.Base(file))
	assert.Equal(t, "1.2-1.1\n", output(t, "dpkg-deb", "--field", file, "Version"))
	assert.Equal(t, "other (>= 1)\n", output(t, "dpkg-deb", "--field", file, "Depends"))
	output(t, "dpkg-deb", "--extract", file, dir)
	assert.Equal(t, "hello\n", output(t, filepath.Join(dir, "usr/bin/hi")))
	info, err := os.Stat(filepath.Join(dir, "etc/hello.conf"))
	require.NoError(t, err)
	assert.EqualValues(t, 0o644, info.Mode().Perm())
	assert.Equal(t, "/etc/hello.conf\n", output(t, "dpkg-deb", "--info", file, "conffiles"))
	assert.Regexp(t, `(?m)^-rwxr-xr-x root/root .*\./usr/bin/hello$`, output(t, "dpkg-deb", "--contents", file))
}

func TestPackage_MissingSource(t *testing.T) {
	p := sample()
	p.Files = append(p.Files, rootfs.Program("/usr/bin/gone", "/does/not/exist"))
	_, err := p.Build(t.TempDir())
	require.ErrorContains(t, err, "package hello")
	assert.ErrorContains(t, err, "/usr/bin/gone")
}

// apt reads a repository without this machine's own configuration and returns the versions it offers.
func apt(t *testing.T, source string, key []byte) (string, error) {
	t.Helper()
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

func TestRepository_ReadByApt(t *testing.T) {
	need(t, "dpkg-deb", "apt-ftparchive", "apt-get")
	file, err := sample().Build(t.TempDir())
	require.NoError(t, err)
	key, err := NewKey("Test")
	require.NoError(t, err)
	public, err := key.Public()
	require.NoError(t, err)
	stranger, err := NewKey("Stranger")
	require.NoError(t, err)
	strange, err := stranger.Public()
	require.NoError(t, err)
	for form, r := range map[string]Repository{"/": {}, "bookworm stable": {Suite: "bookworm", Component: "stable", Age: time.Hour}} {
		t.Run(form, func(t *testing.T) {
			r.Directory = t.TempDir()
			require.NoError(t, r.Publish(key, file))
			server := httptest.NewServer(http.FileServer(http.Dir(r.Directory)))
			defer server.Close()
			output, err := apt(t, server.URL+" "+form, public)
			require.NoError(t, err, output)
			assert.Contains(t, output, "Candidate: 1.2-1.1")
			release, err := os.ReadFile(filepath.Join(r.Directory, "dists", r.Suite, "InRelease"))
			if r.Suite == "" {
				release, err = os.ReadFile(filepath.Join(r.Directory, "InRelease"))
			}
			require.NoError(t, err)
			_, date, _ := strings.Cut(string(release), "\nDate: ")
			date, _, _ = strings.Cut(date, "\n")
			made, err := http.ParseTime(strings.Replace(date, "UTC", "GMT", 1))
			require.NoError(t, err, string(release))
			assert.WithinDuration(t, time.Now().Add(-r.Age), made, time.Minute)
			output, err = apt(t, server.URL+" "+form, strange)
			require.Error(t, err, output)
			assert.Contains(t, output, "NO_PUBKEY")
		})
	}
}

// gpg, with which nodes compare it, prints the same fingerprint.
func TestKey_Fingerprint(t *testing.T) {
	need(t, "gpg")
	key, err := NewKey("Test")
	require.NoError(t, err)
	public, err := key.Public()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "key.asc")
	require.NoError(t, os.WriteFile(file, public, 0o600))
	command := exec.Command("gpg", "--show-keys", "--with-colons", file)
	command.Env = append(os.Environ(), "GNUPGHOME="+t.TempDir())
	output, err := command.Output()
	require.NoError(t, err)
	assert.Contains(t, string(output), "\nfpr:::::::::"+key.Fingerprint()+":\n")
	assert.Regexp(t, `^[0-9A-F]{40}$`, key.Fingerprint())
}
