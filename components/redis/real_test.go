package redis

import (
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/realserver"
)

// realServer is a Redis with the rendered files. Debian has 7.0 and the image 7.2; both support all rendered settings.
type realServer struct {
	t       *testing.T
	user    *realserver.User
	process *realserver.Process
	folder  string
	port    int
}

const limitMiB = 32 // of the container; small, so that it fills up quickly

func password(use string) string { return "password of " + use }

func startReal(t *testing.T, kind Kind) *realServer {
	t.Helper()
	realserver.Binary(t, "redis-server")
	user := realserver.Unprivileged(t)
	s := &realServer{t: t, user: user, folder: realserver.Folder(t, user), port: realserver.FreePort(t)}
	config := ConfigFor(kind, limitMiB)
	config.Port, config.Bind, config.DataDir = s.port, "127.0.0.1", s.folder
	config.ACLFile = filepath.Join(s.folder, aclFile)
	realserver.Write(t, filepath.Join(s.folder, configFile), config.Render(), 0o400, user)
	passwords := map[string]string{exporterUser: password(exporterUser)}
	uses := validArgs().of(kind)
	for _, u := range uses {
		passwords[u.Name] = password(u.Name)
	}
	realserver.Write(t, config.ACLFile, Users(uses, passwords), 0o400, user)
	s.start()
	return s
}

func (s *realServer) start() {
	s.t.Helper()
	s.process = realserver.Start(s.t, realserver.Command{
		Path: realserver.Binary(s.t, "redis-server"), Args: []string{filepath.Join(s.folder, configFile)}, Dir: s.folder, User: s.user,
	})
	// The probe of the container.
	s.process.WaitFor(s.t, "answering PING", 20*time.Second, func() error {
		out, err := s.cli(nil, "ping")
		if err == nil && out != "PONG" {
			err = errors.New(out)
		}
		return err
	})
}

func (s *realServer) cli(auth []string, command ...string) (string, error) {
	args := append([]string{"-e", "-h", "127.0.0.1", "-p", strconv.Itoa(s.port)}, auth...)
	out, err := realserver.Run(s.t, realserver.Command{Path: realserver.Binary(s.t, "redis-cli"), Args: append(args, command...), Dir: s.folder})
	return strings.TrimSpace(out), err
}

// as runs a command as a use, in its database.
func (s *realServer) as(use string, command ...string) (string, error) {
	database := 0
	for _, u := range validArgs().Uses {
		if u.Name == use {
			database = u.Database
		}
	}
	return s.cli([]string{"--no-auth-warning", "--user", use, "--pass", password(use), "-n", strconv.Itoa(database)}, command...)
}

func (s *realServer) must(use string, command ...string) string {
	s.t.Helper()
	out, err := s.as(use, command...)
	require.NoError(s.t, err)
	return out
}

// fill writes the given number of values of 1 MiB, or until the server refuses.
func (s *realServer) fill(use, prefix string, values int) error {
	for i := range values {
		_, err := s.as(use, "eval", `return redis.call("set", KEYS[1], string.rep("x", 1048576), "EX", 600)`, "1", prefix+strconv.Itoa(i))
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *realServer) info(field string) int {
	s.t.Helper()
	for _, line := range strings.Split(s.must(exporterUser, "info", "everything"), "\n") {
		if value, found := strings.CutPrefix(strings.TrimSpace(line), field+":"); found {
			number, err := strconv.Atoi(value)
			require.NoError(s.t, err)
			return number
		}
	}
	s.t.Fatalf("INFO has no field %s", field)
	return 0
}

func TestServers_OnlyCacheEvicts(t *testing.T) {
	cache, durable := startReal(t, Evictable), startReal(t, Kept)
	// Sessions and results expire too, but must not be evicted.
	durable.must("sessions", "set", "session:1", "alice", "EX", "600")
	durable.must("results", "set", "celery-task-meta-1", `{"status":"SUCCESS"}`, "EX", "600")
	durable.must("history", "rpush", "chat:1", "hello", "there")

	// 60 MiB into a cache of 24 MiB: no write fails, and the oldest keys are gone.
	cache.must("thumbnails", "set", "thumb:first", "x")
	require.NoError(t, cache.fill("thumbnails", "thumb:", 60))
	assert.Positive(t, cache.info("evicted_keys"))
	assert.Empty(t, cache.must("thumbnails", "get", "thumb:first"))
	assert.LessOrEqual(t, cache.info("used_memory"), 24<<20)

	// The same amount into the other: writes fail with an error, and no key is lost.
	assert.ErrorContains(t, durable.fill("sessions", "session:bulk:", 60), "OOM command not allowed")
	assert.Zero(t, durable.info("evicted_keys"))
	assert.Equal(t, "alice", durable.must("sessions", "get", "session:1"))
	assert.Equal(t, `{"status":"SUCCESS"}`, durable.must("results", "get", "celery-task-meta-1"))
	assert.Equal(t, "hello\nthere", durable.must("history", "lrange", "chat:1", "0", "-1"))
}

func TestDurable_SurvivesCrash(t *testing.T) {
	s := startReal(t, Kept)
	s.must("sessions", "set", "session:1", "alice", "EX", "600")
	s.must("history", "rpush", "chat:1", "hello", "there")
	time.Sleep(1200 * time.Millisecond) // appendfsync everysec
	s.process.Kill()

	s.start()
	assert.Equal(t, "alice", s.must("sessions", "get", "session:1"))
	assert.Equal(t, "hello\nthere", s.must("history", "lrange", "chat:1", "0", "-1"))
	ttl, err := strconv.Atoi(s.must("sessions", "ttl", "session:1"))
	require.NoError(t, err)
	assert.Positive(t, ttl)
}

func TestCache_NoFiles(t *testing.T) {
	s := startReal(t, Evictable)
	s.must("thumbnails", "set", "thumb:1", "x")
	s.process.Stop()
	files, err := filepath.Glob(filepath.Join(s.folder, "*"))
	require.NoError(t, err)
	assert.Len(t, files, 2, "the configuration and the users: %v", files)
}
