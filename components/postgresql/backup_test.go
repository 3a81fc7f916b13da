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

	realserver.MustRun(t, s.backup(db, db.dumpRole()))
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

	// A failed restore does not change the database.
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

func testRestoreBeside(t *testing.T, s *realServer, args ServerArgs) {
	db := args.Databases[2]
	s.owner(t, db, "CREATE TABLE items AS SELECT generate_series(1, 100) AS id")
	realserver.MustRun(t, s.backup(db, db.dumpRole()))
	dumps := s.dumps(t, db)
	require.Len(t, dumps, 1)
	// The dump is of an hour ago; a later one holds more.
	earlier := time.Now().Add(-time.Hour).UTC()
	require.NoError(t, os.Rename(dumps[0], s.path("backups/"+db.Name+"/"+db.Name+"-"+earlier.Format("2006-01-02T150405Z")+".dump")))
	s.owner(t, db, "INSERT INTO items SELECT generate_series(101, 150)")
	realserver.MustRun(t, s.backup(db, db.dumpRole()))
	beside := func(at time.Time) (string, error) {
		command := s.script("restore.sh", "--beside", db.Name, at.UTC().Format(time.RFC3339))
		command.Env = append(command.Env, "BACKUP_DIR="+s.path("backups"))
		return realserver.Run(t, command)
	}
	_, err := beside(earlier.Add(-time.Minute))
	require.ErrorContains(t, err, "there is no dump of "+db.Name+" from ")
	out, err := beside(earlier.Add(time.Minute))
	require.NoError(t, err)
	name := db.Name + "_at_" + earlier.Format("20060102150405")
	assert.Contains(t, out, "is restored as "+name+", beside "+db.Name)
	rows := strings.TrimSpace(realserver.MustRun(t, s.command(filepath.Join(s.bin, "psql"), "--no-psqlrc", "--tuples-only", "--no-align",
		"--dbname="+name, "--command=SELECT count(*) FROM items")))
	assert.Equal(t, "100", rows)
	assert.Equal(t, "150", s.owner(t, db, "SELECT count(*) FROM items"), "the present database is untouched")
	_, err = beside(earlier.Add(time.Minute))
	require.ErrorContains(t, err, name+" exists already")
	s.admin(t, "DROP DATABASE "+name)
	s.owner(t, db, "DROP TABLE items")
}

func testRetention(t *testing.T, s *realServer, args ServerArgs) {
	db := args.Databases[1]
	folder := s.path("backups/" + db.Name)
	realserver.MustRun(t, s.backup(db, db.dumpRole()))
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

	// A failed dump deletes no old dump and leaves no partial one.
	_, err := realserver.Run(t, s.backup(db, args.Databases[0].dumpRole()))
	require.ErrorContains(t, err, "password authentication failed")
	assert.ElementsMatch(t, append([]string{eight, six}, fresh...), s.dumps(t, db))

	// Neither does a dump that cannot be read back, even if its table of contents can.
	stamp, err := os.ReadFile(filepath.Join(folder, "last-success"))
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(s.path("broken"), 0o755))
	realserver.Write(t, s.path("broken/pg_restore"), "#!/bin/sh\ntest \"$1\" = --list\n", 0o555, s.user)
	unreadable := s.backup(db, db.dumpRole())
	unreadable.Env = append(unreadable.Env, "PATH="+s.path("broken")+":"+s.bin+":"+os.Getenv("PATH"))
	_, err = realserver.Run(t, unreadable)
	require.Error(t, err)
	assert.ElementsMatch(t, append([]string{eight, six}, fresh...), s.dumps(t, db))
	partial, err := filepath.Glob(filepath.Join(folder, "*.partial"))
	require.NoError(t, err)
	assert.Empty(t, partial)
	again, err := os.ReadFile(filepath.Join(folder, "last-success"))
	require.NoError(t, err)
	assert.Equal(t, stamp, again)

	old("died.dump.partial", time.Hour)
	time.Sleep(1100 * time.Millisecond) // names of dumps differ by the second
	realserver.MustRun(t, s.backup(db, db.dumpRole()))
	assert.NoFileExists(t, eight)
	assert.FileExists(t, six)
	assert.NoFileExists(t, died)
	assert.Len(t, s.dumps(t, db), 3)
}

func (s *realServer) backup(d Database, password string) realserver.Command {
	command := s.script("backup.sh")
	command.Env = append(command.Env, "PGHOST=127.0.0.1", "PGUSER="+d.dumpRole(), "PGDATABASE="+d.Name,
		"PASSWORD_FILE="+s.path("passwords/"+password), "BACKUP_DIR="+s.path("backups"), "KEEP_DAYS=7")
	return command
}

func (s *realServer) dumps(t *testing.T, d Database) []string {
	t.Helper()
	list, err := filepath.Glob(s.path("backups/" + d.Name + "/*.dump"))
	require.NoError(t, err)
	return list
}
