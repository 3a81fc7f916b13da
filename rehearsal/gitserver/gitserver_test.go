package gitserver

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/realserver"
)

func TestServer_TokenClonesTheLatestCommit(t *testing.T) {
	realserver.Binary(t, "git")
	s, err := New(t.Context(), t.TempDir(), "reader", "right")
	require.NoError(t, err)
	t.Cleanup(s.Close)
	first, err := s.Commit(t.Context(), "one", map[string][]byte{"clusters/dev/a.yaml": []byte("one")})
	require.NoError(t, err)
	second, err := s.Commit(t.Context(), "two", map[string][]byte{"clusters/dev/a.yaml": []byte("two")})
	require.NoError(t, err)
	assert.NotEqual(t, first, second)

	clone := func(user *url.Userinfo) (string, error) {
		folder := t.TempDir()
		authority := filepath.Join(t.TempDir(), "ca.pem")
		require.NoError(t, os.WriteFile(authority, s.Certificate(), 0o600))
		address, err := url.Parse(s.URL)
		require.NoError(t, err)
		address.User = user
		command := exec.Command("git", "clone", "--quiet", address.String(), folder)
		command.Env = append(environment(), "PATH="+os.Getenv("PATH"), "GIT_TERMINAL_PROMPT=0", "GIT_SSL_CAINFO="+authority, "HOME="+folder)
		if out, err := command.CombinedOutput(); err != nil {
			return string(out), err
		}
		text, err := os.ReadFile(filepath.Join(folder, "clusters/dev/a.yaml"))
		return string(text), err
	}
	out, err := clone(nil)
	require.Error(t, err, out)
	assert.Zero(t, s.Refused(), "no credential is no wrong one")
	out, err = clone(url.UserPassword("reader", "wrong"))
	require.Error(t, err)
	assert.Contains(t, out, "Authentication failed")
	assert.Positive(t, s.Refused())
	out, err = clone(url.UserPassword("reader", "right"))
	require.NoError(t, err, out)
	assert.Equal(t, "two", out)

	_, err = s.Revert(t.Context(), second)
	require.NoError(t, err)
	out, err = clone(url.UserPassword("reader", "right"))
	require.NoError(t, err, out)
	assert.Equal(t, "one", out)
	text, err := s.Read("clusters/dev/a.yaml")
	require.NoError(t, err)
	assert.Equal(t, "one", string(text))
}

func TestSSH_DeployKeyReadsAndNothingElse(t *testing.T) {
	realserver.Binary(t, "git")
	realserver.Binary(t, "ssh")
	s, err := New(t.Context(), t.TempDir(), "reader", "right")
	require.NoError(t, err)
	t.Cleanup(s.Close)
	_, err = s.Commit(t.Context(), "one", map[string][]byte{"clusters/dev/a.yaml": []byte("one")})
	require.NoError(t, err)
	server, err := s.ServeSSH(t.Context())
	require.NoError(t, err)
	t.Cleanup(server.Close)
	other, err := server.OtherKey()
	require.NoError(t, err)

	run := func(deployKey string, args ...string) (string, error) {
		folder := t.TempDir()
		key, known := filepath.Join(folder, "key"), filepath.Join(folder, "known_hosts")
		require.NoError(t, os.WriteFile(key, []byte(deployKey), 0o600))
		require.NoError(t, os.WriteFile(known, []byte(server.KnownHosts+"\n"), 0o600))
		command := exec.Command("git", args...)
		command.Env = append(environment(), "PATH="+os.Getenv("PATH"), "HOME="+folder,
			"GIT_SSH_COMMAND=ssh -F none -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile="+known+" -i "+key)
		out, err := command.CombinedOutput()
		return string(out), err
	}
	folder := t.TempDir()
	out, err := run(server.DeployKey, "clone", "--quiet", server.URL, folder)
	require.NoError(t, err, out)
	text, err := os.ReadFile(filepath.Join(folder, "clusters/dev/a.yaml"))
	require.NoError(t, err)
	assert.Equal(t, "one", string(text))

	out, err = run(server.DeployKey, "-C", folder, "push", "origin", "HEAD:refs/heads/other")
	require.Error(t, err)
	assert.Contains(t, out, "must read deployments.git")
	assert.Zero(t, server.Refused())
	out, err = run(other, "clone", "--quiet", server.URL, t.TempDir())
	require.Error(t, err)
	assert.Contains(t, out, "Permission denied")
	assert.Positive(t, server.Refused())
}
