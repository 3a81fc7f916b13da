package realserver

import (
	"fmt"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// Redis starts a server without users and without files, and returns its port. Further arguments are redis-server's.
func Redis(t testing.TB, args ...string) int {
	t.Helper()
	port := FreePort(t)
	server := Start(t, Command{
		Path: Binary(t, "redis-server"), Args: append([]string{"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--save", ""}, args...), Dir: t.TempDir(),
	})
	server.WaitFor(t, "listening", time.Minute, func() error { return Listening(port) })
	return port
}

// PostgreSQL starts a server that trusts everybody on loopback, with a superuser and empty databases, and returns its port.
func PostgreSQL(t testing.TB, superuser string, databases ...string) int {
	t.Helper()
	postgres, owner := Binary(t, "postgres"), Unprivileged(t) // it refuses to run as root
	folder, port := Folder(t, owner), FreePort(t)
	data, bin := filepath.Join(folder, "data"), filepath.Dir(postgres)
	command := func(path string, args ...string) Command {
		return Command{Path: path, Args: args, Dir: folder, User: owner, Env: []string{"LANG=C.UTF-8", fmt.Sprintf("PGPORT=%d", port), "PGHOST=127.0.0.1"}}
	}
	MustRun(t, command(filepath.Join(bin, "initdb"), "--pgdata="+data, "--username="+superuser, "--auth=trust", "--no-sync", "--encoding=UTF8"))
	server := Start(t, command(postgres, "-D", data, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="+folder, "-c", "fsync=off"))
	server.WaitFor(t, "accepting connections", time.Minute, func() error {
		_, err := Run(t, command(filepath.Join(bin, "pg_isready")))
		return err
	})
	for _, database := range databases {
		MustRun(t, command(filepath.Join(bin, "createdb"), "--username="+superuser, database))
	}
	return port
}
