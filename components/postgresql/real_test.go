package postgresql

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/realserver"
)

// realServer is a PostgreSQL 15 with the files of the ConfigMap.
type realServer struct {
	user      *realserver.User
	process   *realserver.Process
	folder    string
	bin       string
	port      int
	passwords map[string]string
}

func startReal(t *testing.T, args ServerArgs) *realServer {
	t.Helper()
	postgres := realserver.Binary(t, "postgres")
	user := realserver.Unprivileged(t)
	s := &realServer{
		user: user, folder: realserver.Folder(t, user), bin: filepath.Dir(postgres), port: realserver.FreePort(t),
		passwords: map[string]string{},
	}
	s.writeConfig(t, args)
	realserver.MustRun(t, s.command(filepath.Join(s.bin, "initdb"),
		"--pgdata="+s.path("data"), "--username=postgres", "--no-sync", "--data-checksums", "--encoding=UTF8", "--locale=C.UTF-8"))
	// Every statement is logged, to test that those with passwords are not.
	s.process = realserver.Start(t, s.command(postgres, "-D", s.path("data"), "-c", "config_file="+s.path("config/postgresql.conf"), "-c", "log_statement=all"))
	s.process.WaitFor(t, "accepting connections", 5*time.Minute, func() error {
		_, err := realserver.Run(t, s.command(filepath.Join(s.bin, "pg_isready"), "--host=127.0.0.1"))
		return err
	})
	return s
}

// writeConfig writes the files that kubelet would mount. Only the port, the directories and the account differ.
func (s *realServer) writeConfig(t *testing.T, args ServerArgs) {
	t.Helper()
	for _, folder := range []string{"config", "passwords", "socket", "backups"} {
		require.NoError(t, os.Mkdir(s.path(folder), 0o700))
		if s.user != nil {
			require.NoError(t, os.Chown(s.path(folder), s.user.UID, s.user.GID))
		}
	}
	files := args.files()
	settings := SettingsFor(args.Server.Limits.MemoryMiB, args.MaxConnections)
	settings.Port, settings.SocketDir, settings.ConfigDir = s.port, s.path("socket"), s.path("config")
	files["postgresql.conf"] = strings.Replace(settings.Render(), "'*'", "'127.0.0.1'", 1)
	files["pg_ident.conf"] = IdentMap(s.user.Account(t))
	for name, content := range files {
		realserver.Write(t, s.path("config/"+name), content, 0o500, s.user)
	}
	for _, role := range (&Server{args: args}).roles() {
		s.setPassword(t, role, awkwardPassword(role))
	}
}

// awkwardPassword contains special characters of shells and SQL. The exporter's is alphanumeric like generated ones, since
// Debian's old exporter cannot read others.
func awkwardPassword(role string) string {
	if role == "monitor" {
		return "PlainOfMonitor"
	}
	return "first Pass'word\\ of \"$" + role + "`"
}

func (s *realServer) setPassword(t *testing.T, role, password string) {
	t.Helper()
	s.passwords[role] = password
	require.NoError(t, os.RemoveAll(s.path("passwords/"+role)))
	realserver.Write(t, s.path("passwords/"+role), password, 0o400, s.user)
}

// writeTable replaces a file of the ConfigMap.
func (s *realServer) writeTable(t *testing.T, name, content string) {
	t.Helper()
	require.NoError(t, os.Remove(s.path("config/"+name)))
	realserver.Write(t, s.path("config/"+name), content, 0o400, s.user)
}

func (s *realServer) path(name string) string { return filepath.Join(s.folder, name) }

// command runs a program as in the server's container: superuser over the socket.
func (s *realServer) command(path string, args ...string) realserver.Command {
	return realserver.Command{Path: path, Args: args, Dir: s.folder, User: s.user, Env: []string{
		"PATH=" + s.bin + ":" + os.Getenv("PATH"), "LANG=C.UTF-8",
		"PGHOST=" + s.path("socket"), "PGPORT=" + strconv.Itoa(s.port), "PGUSER=postgres",
		"DATABASES_FILE=" + s.path("config/databases"), "CLIENTS_FILE=" + s.path("config/clients"), "PASSWORDS_DIR=" + s.path("passwords"),
		"MONITOR=monitor", "DUMP_CONNECTIONS=" + strconv.Itoa(dumpConnections), "WAIT_SECONDS=20",
	}}
}

func (s *realServer) script(name string, args ...string) realserver.Command {
	return s.command(s.path("config/"+name), args...)
}

// client runs SQL over TCP, as a client in another pod does.
func (s *realServer) client(t *testing.T, role, password, database, sql string) (string, error) {
	t.Helper()
	command := s.command(filepath.Join(s.bin, "psql"), "--no-psqlrc", "--no-password", "--quiet", "--tuples-only", "--no-align",
		"--set=ON_ERROR_STOP=1", "--host=127.0.0.1", "--username="+role, "--dbname="+database, "--command="+sql)
	command.Env = append(command.Env, "PGPASSWORD="+password)
	out, err := realserver.Run(t, command)
	return strings.TrimSpace(out), err
}

// owner runs SQL in a database as its owner.
func (s *realServer) owner(t *testing.T, d Database, sql string) string {
	t.Helper()
	out, err := s.client(t, d.Owner, s.passwords[d.Owner], d.Name, sql)
	require.NoError(t, err)
	return out
}

// admin runs SQL as the superuser.
func (s *realServer) admin(t *testing.T, sql string) string {
	t.Helper()
	return strings.TrimSpace(realserver.MustRun(t, s.command(filepath.Join(s.bin, "psql"), "--no-psqlrc", "--quiet",
		"--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--dbname=postgres", "--command="+sql)))
}

func TestServer_RealPostgreSQL(t *testing.T) {
	args := validArgs().withDefaults()
	s := startReal(t, args)
	realserver.MustRun(t, s.script("provision.sh"))
	// Again, as at every start.
	realserver.MustRun(t, s.script("provision.sh"))

	t.Run("accepts every setting", func(t *testing.T) {
		assert.Equal(t, "0", s.admin(t, "SELECT count(*) FROM pg_file_settings WHERE error IS NOT NULL OR NOT applied"))
		assert.Equal(t, "0", s.admin(t, "SELECT count(*) FROM pg_hba_file_rules WHERE error IS NOT NULL"))
		assert.Equal(t, "0", s.admin(t, "SELECT count(*) FROM pg_ident_file_mappings WHERE error IS NOT NULL"))
		assert.Equal(t, "208MB", s.admin(t, "SHOW shared_buffers"))
		assert.Equal(t, "scram-sha-256", s.admin(t, "SHOW password_encryption"))
	})
	t.Run("isolates databases", func(t *testing.T) { testIsolation(t, s, args) })
	t.Run("keeps passwords out of its log", func(t *testing.T) {
		for role, password := range s.passwords {
			assert.NotContains(t, s.process.Log(), password, role)
		}
		assert.Contains(t, s.process.Log(), "REVOKE ALL ON DATABASE", "statements are logged at all")
		assert.NotContains(t, s.process.Log(), "PASSWORD")
	})
	t.Run("applies a new password and a new database at the next start", func(t *testing.T) { testChange(t, s, args) })
	t.Run("needs a password for each role", func(t *testing.T) {
		first := args.Databases[0].Owner
		password := s.passwords[first]
		s.setPassword(t, first, "")
		_, err := realserver.Run(t, s.script("provision.sh"))
		require.ErrorContains(t, err, "there is no password for role "+first)
		s.setPassword(t, first, password)
	})
	t.Run("clients change rows and no tables", func(t *testing.T) { testClients(t, s, args) })
	t.Run("backup and restore", func(t *testing.T) { testRestore(t, s, args) })
	t.Run("restore beside, to a time", func(t *testing.T) { testRestoreBeside(t, s, args) })
	t.Run("a dump's role reads one database", func(t *testing.T) { testDumpRole(t, s, args) })
	t.Run("keeps old dumps until there is a new one", func(t *testing.T) { testRetention(t, s, args) })
	t.Run("exports metrics", func(t *testing.T) { testExporter(t, s, args) })
}
