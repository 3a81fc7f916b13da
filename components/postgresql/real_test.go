package postgresql

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/realserver"
)

// realServer is a PostgreSQL 15 that runs with the files of the ConfigMap.
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
	// Every statement is logged, to see that those with passwords are not.
	s.process = realserver.Start(t, s.command(postgres, "-D", s.path("data"), "-c", "config_file="+s.path("config/postgresql.conf"), "-c", "log_statement=all"))
	s.process.WaitFor(t, "accepting connections", 30*time.Second, func() error {
		_, err := realserver.Run(t, s.command(filepath.Join(s.bin, "pg_isready"), "--host=127.0.0.1"))
		return err
	})
	return s
}

// writeConfig writes what kubelet would mount. Only what a container fixes differs: port, folders, account.
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

// awkwardPassword is what a shell or SQL would trip over. The exporter's is plain, as generated ones are:
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

func (s *realServer) path(name string) string { return filepath.Join(s.folder, name) }

// command runs a program as in the server's container: superuser over the socket.
func (s *realServer) command(path string, args ...string) realserver.Command {
	return realserver.Command{Path: path, Args: args, Dir: s.folder, User: s.user, Env: []string{
		"PATH=" + s.bin + ":" + os.Getenv("PATH"), "LANG=C.UTF-8",
		"PGHOST=" + s.path("socket"), "PGPORT=" + strconv.Itoa(s.port), "PGUSER=postgres",
		"DATABASES_FILE=" + s.path("config/databases"), "PASSWORDS_DIR=" + s.path("passwords"),
		"MONITOR=monitor", "WAIT_SECONDS=20",
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

func (s *realServer) backup(d Database, password string) realserver.Command {
	command := s.script("backup.sh")
	command.Env = append(command.Env, "PGHOST=127.0.0.1", "PGUSER="+d.Owner, "PGDATABASE="+d.Name,
		"PASSWORD_FILE="+s.path("passwords/"+password), "BACKUP_DIR="+s.path("backups"), "KEEP_DAYS=7")
	return command
}

func (s *realServer) dumps(t *testing.T, d Database) []string {
	t.Helper()
	list, err := filepath.Glob(s.path("backups/" + d.Name + "/*.dump"))
	require.NoError(t, err)
	return list
}

func TestRealServer(t *testing.T) {
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
	t.Run("takes a new password and a new database at the next start", func(t *testing.T) { testChange(t, s, args) })
	t.Run("needs a password for each role", func(t *testing.T) {
		first := args.Databases[0].Owner
		password := s.passwords[first]
		s.setPassword(t, first, "")
		_, err := realserver.Run(t, s.script("provision.sh"))
		require.ErrorContains(t, err, "there is no password for role "+first)
		s.setPassword(t, first, password)
	})
	t.Run("is dumped and restored", func(t *testing.T) { testRestore(t, s, args) })
	t.Run("keeps old dumps until there is a new one", func(t *testing.T) { testRetention(t, s, args) })
	t.Run("shows its statistics", func(t *testing.T) { testExporter(t, s, args) })
}

func testIsolation(t *testing.T, s *realServer, args ServerArgs) {
	for _, own := range args.Databases {
		assert.Equal(t, own.Name+"|"+own.Owner, s.owner(t, own, "SELECT current_database(), current_user"))
		s.owner(t, own, "CREATE TABLE owned (id int); DROP TABLE owned")
		_, err := s.client(t, own.Owner, "wrong", own.Name, "SELECT 1")
		assert.ErrorContains(t, err, "password authentication failed")

		for _, other := range []string{"orders", "billing", "audit_log", "postgres", "template1"} {
			if other == own.Name {
				continue
			}
			_, err := s.client(t, own.Owner, s.passwords[own.Owner], other, "SELECT 1")
			assert.ErrorContains(t, err, "no pg_hba.conf entry", "%s into %s", own.Owner, other)
			// The second wall: with pg_hba.conf wide open the privilege would still be missing.
			assert.Equal(t, "f", s.admin(t, fmt.Sprintf("SELECT has_database_privilege('%s', '%s', 'CONNECT')", own.Owner, other)))
		}
		_, err = s.client(t, "monitor", s.passwords["monitor"], own.Name, "SELECT 1")
		assert.ErrorContains(t, err, "no pg_hba.conf entry")
		assert.Equal(t, "f|f|f", s.admin(t, fmt.Sprintf("SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = '%s'", own.Owner)))
	}
	_, err := s.client(t, "postgres", s.passwords["postgres"], "postgres", "SELECT 1")
	assert.ErrorContains(t, err, "rejects connection", "the superuser over the network")
	out, err := s.client(t, "monitor", s.passwords["monitor"], "postgres", "SELECT count(*) > 0 FROM pg_stat_activity")
	require.NoError(t, err)
	assert.Equal(t, "t", out)
	assert.Equal(t, "20", s.admin(t, "SELECT rolconnlimit FROM pg_roles WHERE rolname = 'orders_owner'"))
}

func testChange(t *testing.T, s *realServer, args ServerArgs) {
	first := args.Databases[0]
	before := s.passwords[first.Owner]
	s.setPassword(t, first.Owner, "another")
	s.setPassword(t, "late_owner", "late")
	table := DatabaseTable(append(args.Databases, Database{Name: "late", Owner: "late_owner"}))
	require.NoError(t, os.Remove(s.path("config/databases")))
	realserver.Write(t, s.path("config/databases"), table, 0o400, s.user)
	realserver.MustRun(t, s.script("provision.sh"))

	_, err := s.client(t, first.Owner, before, first.Name, "SELECT 1")
	assert.ErrorContains(t, err, "password authentication failed")
	assert.Equal(t, first.Owner, s.owner(t, first, "SELECT current_user"))
	assert.Equal(t, "late_owner", s.admin(t, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'late'"))
}

func testRestore(t *testing.T, s *realServer, args ServerArgs) {
	db, other := args.Databases[0], args.Databases[1]
	s.owner(t, db, `CREATE EXTENSION citext;
		CREATE TABLE items (id bigserial PRIMARY KEY, name citext UNIQUE, body text);
		INSERT INTO items (name, body) SELECT 'item ' || n, repeat('플라스틱 ', n % 50) FROM generate_series(1, 5000) n;
		CREATE VIEW long_items AS SELECT * FROM items WHERE length(body) > 100;
		SELECT lo_from_bytea(0, 'large object');`)
	const digest = `SELECT count(*), md5(string_agg(items::text, ',' ORDER BY id)), (SELECT count(*) FROM long_items),
		(SELECT last_value FROM items_id_seq), (SELECT count(*) FROM pg_largeobject_metadata) FROM items`
	before := s.owner(t, db, digest)
	require.True(t, strings.HasPrefix(before, "5000|"), before)

	realserver.MustRun(t, s.backup(db, db.Owner))
	dumps := s.dumps(t, db)
	require.Len(t, dumps, 1)
	stamp, err := os.ReadFile(s.path("backups/" + db.Name + "/last-success"))
	require.NoError(t, err)
	seconds, err := strconv.ParseInt(strings.TrimSpace(string(stamp)), 10, 64)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), time.Unix(seconds, 0), time.Minute)

	s.owner(t, db, "DELETE FROM items WHERE id % 2 = 0; UPDATE items SET body = 'gone'; CREATE TABLE after_dump ()")
	damaged := s.owner(t, db, digest)
	require.NotEqual(t, before, damaged)

	// What must not be restored leaves the database as it is.
	whole, err := os.ReadFile(dumps[0])
	require.NoError(t, err)
	realserver.Write(t, s.path("cut.dump"), string(whole[:len(whole)*2/3]), 0o600, s.user)
	_, err = realserver.Run(t, s.script("restore.sh", db.Name, s.path("cut.dump")))
	require.Error(t, err)
	_, err = realserver.Run(t, s.script("restore.sh", other.Name, dumps[0]))
	require.ErrorContains(t, err, "is a dump of orders, not of billing")
	_, err = realserver.Run(t, s.script("restore.sh", "nothing", dumps[0]))
	require.ErrorContains(t, err, "nothing is not among the configured databases: orders billing audit_log")
	require.Equal(t, damaged, s.owner(t, db, digest))

	out := realserver.MustRun(t, s.script("restore.sh", db.Name, dumps[0]))
	assert.Equal(t, before, s.owner(t, db, digest))
	assert.Equal(t, "0", s.owner(t, db, "SELECT count(*) FROM pg_tables WHERE tablename = 'after_dump'"))
	s.owner(t, db, "INSERT INTO items (name) VALUES ('after the restore')")
	assert.Equal(t, "f", s.admin(t, "SELECT has_database_privilege('billing_owner', 'orders', 'CONNECT')"))

	kept := s.admin(t, "SELECT datname FROM pg_database WHERE datname LIKE 'orders_before_%' AND NOT datallowconn")
	require.NotEmpty(t, kept)
	assert.Contains(t, out, "DROP DATABASE "+kept)
	s.admin(t, "DROP DATABASE "+kept)
}

func testRetention(t *testing.T, s *realServer, args ServerArgs) {
	db := args.Databases[1]
	folder := s.path("backups/" + db.Name)
	realserver.MustRun(t, s.backup(db, db.Owner))
	fresh := s.dumps(t, db)
	require.Len(t, fresh, 1)
	old := func(name string, age time.Duration) string {
		path := filepath.Join(folder, name)
		realserver.Write(t, path, "old", 0o600, s.user)
		require.NoError(t, os.Chtimes(path, time.Now(), time.Now().Add(-age)))
		return path
	}
	eight := old("eight.dump", 8*24*time.Hour)
	six := old("six.dump", 6*24*time.Hour)
	died := old("died.dump.partial", time.Hour)

	// A failed dump takes nothing away, and leaves nothing half done.
	_, err := realserver.Run(t, s.backup(db, args.Databases[0].Owner))
	require.ErrorContains(t, err, "password authentication failed")
	assert.ElementsMatch(t, append([]string{eight, six}, fresh...), s.dumps(t, db))

	old("died.dump.partial", time.Hour)
	time.Sleep(1100 * time.Millisecond) // names of dumps differ by the second
	realserver.MustRun(t, s.backup(db, db.Owner))
	assert.NoFileExists(t, eight)
	assert.FileExists(t, six)
	assert.NoFileExists(t, died)
	assert.Len(t, s.dumps(t, db), 3)
}

func testExporter(t *testing.T, s *realServer, args ServerArgs) {
	exporter := realserver.Binary(t, "prometheus-postgres-exporter")
	metrics := realserver.FreePort(t)
	process := realserver.Start(t, realserver.Command{
		Path: exporter, Args: []string{fmt.Sprintf("--web.listen-address=127.0.0.1:%d", metrics)}, Dir: s.folder, User: s.user,
		Env: []string{
			fmt.Sprintf("DATA_SOURCE_URI=127.0.0.1:%d/postgres?sslmode=disable", s.port),
			"DATA_SOURCE_USER=monitor", "DATA_SOURCE_PASS_FILE=" + s.path("passwords/monitor"),
		},
	})
	var body string
	process.WaitFor(t, "connected to the database", 20*time.Second, func() error {
		var err error
		if body, err = get(fmt.Sprintf("http://127.0.0.1:%d/metrics", metrics)); err == nil && !strings.Contains(body, "\npg_up 1\n") {
			err = fmt.Errorf("pg_up is not 1")
		}
		return err
	})
	for _, d := range args.Databases {
		assert.Regexp(t, fmt.Sprintf(`pg_database_size_bytes\{datname="%s"[^}]*\} [0-9.e+]+`, d.Name), body)
	}
	assert.Contains(t, body, "pg_settings_max_connections")
}

func get(url string) (string, error) {
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}
