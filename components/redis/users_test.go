package redis

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestUsers_OwnKeysOnly(t *testing.T) {
	s := startReal(t, Kept)
	s.must("sessions", "set", "session:1", "alice")
	for _, c := range []struct {
		name, user string
		command    []string
		want       string // empty if it is allowed
	}{
		{"its own key", "sessions", []string{"get", "session:1"}, ""},
		{"another's key", "history", []string{"get", "session:1"}, "NOPERM"},
		{"another's key, written", "results", []string{"set", "session:1", "mallory"}, "NOPERM"},
		{"another's database", "history", []string{"copy", "session:1", "chat:1"}, "NOPERM"},
		{"a script on another's key", "history", []string{"eval", `return redis.call("get", "session:1")`, "0"}, "can't access at least one of the keys"},
		{"a key nobody has", "sessions", []string{"get", "other"}, "NOPERM"},
		{"names of others' keys", "sessions", []string{"scan", "0"}, "NOPERM"},
		{"names, where it was asked for", "history", []string{"scan", "0"}, ""},
		{"all names", "history", []string{"keys", "*"}, "NOPERM"},
		{"a random name", "sessions", []string{"randomkey"}, "NOPERM"},
		{"emptying the database", "sessions", []string{"flushdb"}, "NOPERM"},
		{"emptying the server", "sessions", []string{"flushall"}, "NOPERM"},
		{"changing the configuration", "sessions", []string{"config", "set", "maxmemory", "0"}, "NOPERM"},
		{"giving itself rights", "sessions", []string{"acl", "setuser", "sessions", "allkeys"}, "NOPERM"},
		{"others' functions", "sessions", []string{"function", "flush"}, "NOPERM"},
		{"others' scripts", "sessions", []string{"script", "flush"}, "NOPERM"},
		{"stopping the server", "sessions", []string{"shutdown"}, "NOPERM"},
		{"its own channel", "results", []string{"publish", "celery-task-meta-1", "done"}, ""},
		{"a channel beside its own", "results", []string{"publish", "other", "done"}, "NOPERM"},
		{"another's channel", "sessions", []string{"publish", "celery-task-meta-1", "done"}, "NOPERM"},
		{"the exporter, keys", "exporter", []string{"get", "session:1"}, "NOPERM"},
		{"the exporter, statistics", "exporter", []string{"info"}, ""},
	} {
		_, err := s.as(c.user, c.command...)
		if c.want == "" {
			assert.NoError(t, err, "%s: %s", c.user, c.name)
		} else {
			assert.ErrorContains(t, err, c.want, "%s: %s", c.user, c.name)
		}
	}
	// Without a password, only PING is allowed, for the probes.
	_, err := s.cli(nil, "get", "session:1")
	assert.ErrorContains(t, err, "NOPERM")
	_, err = s.cli([]string{"--no-auth-warning", "--user", "sessions", "--pass", "wrong"}, "get", "session:1")
	assert.ErrorContains(t, err, "WRONGPASS")
}

// The commands of Celery's result backend and a session store, by their documentation.
func TestUsers_ClientCommands(t *testing.T) {
	s := startReal(t, Kept)
	for _, command := range [][]string{
		{"setex", "celery-task-meta-1", "60", "{}"}, {"mget", "celery-task-meta-1", "celery-task-meta-2"},
		{"rpush", "celery-taskset-meta-1.j", "a"}, {"zadd", "celery-taskset-meta-1.j.z", "1", "a"}, {"incr", "celery-taskset-meta-1.t"},
		{"expire", "celery-taskset-meta-1.j", "60"}, {"publish", "celery-task-meta-1", "{}"}, {"del", "celery-task-meta-1"},
		{"client", "setname", "worker"}, {"hello", "3"},
	} {
		_, err := s.as("results", command...)
		assert.NoError(t, err, strings.Join(command, " "))
	}
	// A transaction needs one connection: redis-cli reads its commands line by line.
	out, err := s.as("sessions", "eval", `redis.call("hset", KEYS[1], "user", "alice"); return redis.call("expire", KEYS[1], 60)`, "1", "session:2")
	require.NoError(t, err)
	assert.Equal(t, "1", out)
}
