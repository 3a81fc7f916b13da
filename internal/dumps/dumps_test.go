package dumps_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/dumps"
)

const (
	old  = "auth-2026-11-23T180000Z.dump"
	late = "auth-2026-11-24T180000Z.dump"
)

// server records the commands of a server with the given dumps, and the content that it received.
type server struct {
	local    []string
	commands []string
	received string
	fails    string
}

func (s *server) exec(_ context.Context, stdin io.Reader, command ...string) (string, error) {
	line := strings.Join(command, " ")
	s.commands = append(s.commands, line)
	switch {
	case s.fails != "" && strings.Contains(line, s.fails):
		return "", errors.New("it failed")
	case command[0] == "find":
		return strings.Join(s.local, "\n"), nil
	case strings.HasSuffix(command[0], "receive.sh"):
		content, err := io.ReadAll(stdin)
		s.received = string(content)
		return "/received/auth/" + command[2] + "\n", err
	}
	return "restore: done\n", nil
}

// bucket answers the AWS CLI's commands for a bucket with one dump.
func bucket(name string) func(context.Context, ...string) ([]byte, error) {
	return func(_ context.Context, args ...string) ([]byte, error) {
		if args[1] == "list-objects-v2" {
			if name == "" {
				return nil, nil
			}
			return []byte(`{"Contents":[{"Key":"auth/` + name + `"},{"Key":"auth/notes.txt"}]}`), nil
		}
		return []byte(`{"Metadata":{"sha256":"abc"}}`), os.WriteFile(args[len(args)-1], []byte("content"), 0o600)
	}
}

func restore(t *testing.T, s *server, in string, change func(*dumps.Options)) (string, error) {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	var out bytes.Buffer
	o := dumps.Options{
		Database: "auth", At: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), Bucket: "dumps", AWS: bucket(in), Out: &out,
		Server: dumps.Server{Exec: s.exec, Scripts: "/scripts", Folder: "/backups"},
	}
	if change != nil {
		change(&o)
	}
	err := dumps.Restore(t.Context(), o)
	left, readErr := os.ReadDir(os.Getenv("TMPDIR"))
	require.NoError(t, readErr)
	assert.Empty(t, left, "a dump stays on this computer")
	return out.String(), err
}

func TestRestore_PrefersTheDumpOnTheServer(t *testing.T) {
	s := &server{local: []string{"/backups/auth/" + old, "/backups/auth/" + late}}
	out, err := restore(t, s, late, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{
		"find /backups -path /backups/auth/*.dump", "env BACKUP_DIR=/backups /scripts/restore.sh --beside auth 2026-11-24T18:00:00Z",
	}, s.commands)
	assert.Equal(t, "restore: done\n", out)
}

func TestRestore_FetchesADumpThatIsGone(t *testing.T) {
	s := &server{local: []string{"/backups/auth/" + old}}
	out, err := restore(t, s, late, func(o *dumps.Options) { o.Replace = true })
	require.NoError(t, err)
	assert.Equal(t, []string{
		"find /backups -path /backups/auth/*.dump", "/scripts/receive.sh auth " + late + " abc",
		"/scripts/restore.sh auth /received/auth/" + late, "rm -f /received/auth/" + late,
	}, s.commands)
	assert.Equal(t, "content", s.received)
	assert.Contains(t, out, "fetched "+late+" from bucket dumps")
}

// The dump that was fetched does not stay after a failure either.
func TestRestore_RemovesTheFetchedDump(t *testing.T) {
	s := &server{fails: "restore.sh"}
	_, err := restore(t, s, late, nil)
	require.ErrorContains(t, err, "restore "+late+": it failed")
	assert.Equal(t, "rm -f /received/auth/"+late, s.commands[len(s.commands)-1])
}

func TestRestore_UntilTheTime(t *testing.T) {
	s := &server{local: []string{"/backups/auth/" + old}}
	_, err := restore(t, s, late, func(o *dumps.Options) { o.At = time.Date(2026, 11, 24, 17, 59, 59, 0, time.UTC) })
	require.NoError(t, err)
	assert.Contains(t, s.commands[1], "2026-11-23T18:00:00Z")
	_, err = restore(t, &server{local: []string{"/backups/auth/" + old}}, late, func(o *dumps.Options) { o.At = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC) })
	assert.ErrorContains(t, err, "there is no dump of auth from 2026-11-01T00:00:00Z or before")
}

// A bucket that cannot be read does not hide the dumps of the server, nor the reason if there are none.
func TestRestore_WithoutTheBucket(t *testing.T) {
	denied := func(context.Context, ...string) ([]byte, error) { return nil, errors.New("AccessDenied") }
	out, err := restore(t, &server{local: []string{"/backups/auth/" + late}}, "", func(o *dumps.Options) { o.AWS = denied })
	require.NoError(t, err)
	assert.Contains(t, out, "AccessDenied")
	_, err = restore(t, &server{}, "", func(o *dumps.Options) { o.AWS = denied })
	assert.ErrorContains(t, err, "AccessDenied")
	_, err = restore(t, &server{}, "", nil)
	assert.ErrorContains(t, err, "there is no dump of auth")
}
