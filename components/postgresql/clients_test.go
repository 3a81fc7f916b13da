package postgresql

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/realserver"
)

// testClients asks, as an application's role, for its rights and for those of others.
func testClients(t *testing.T, s *realServer, args ServerArgs) {
	db, other := args.Databases[0], args.Databases[1]
	as := func(role, sql string) error {
		_, err := s.client(t, role, s.passwords[role], db.Name, sql)
		return err
	}
	// A migration by the owner, after the rights were given.
	s.owner(t, db, "CREATE TABLE parcels (id bigserial PRIMARY KEY, body text); CREATE VIEW heavy AS SELECT * FROM parcels WHERE body = 'heavy'")
	for _, role := range []string{"shop_api", "shop_worker"} {
		require.NoError(t, as(role, "INSERT INTO parcels (body) VALUES ('heavy'); UPDATE parcels SET body = 'light'; DELETE FROM parcels; SELECT * FROM heavy"), role)
		for step, c := range map[string]struct{ sql, refused string }{
			"create a table":          {"CREATE TABLE own ()", "permission denied for schema public"},
			"create a schema":         {"CREATE SCHEMA own", "permission denied for database"},
			"change a table":          {"ALTER TABLE parcels ADD COLUMN more text", "must be owner of table"},
			"drop a table":            {"DROP TABLE parcels", "must be owner of table"},
			"empty a table at once":   {"TRUNCATE parcels", "permission denied for table"},
			"turn a trigger off":      {"ALTER TABLE parcels DISABLE TRIGGER ALL", "must be owner of table"},
			"become the owner":        {"SET ROLE orders_owner", "permission denied to set role"},
			"become another":          {"SET ROLE shop_other", "does not exist"},
			"become the group's head": {"GRANT orders_clients TO billing_api", "must have admin option"},
			"read files":              {"SELECT pg_read_file('/etc/passwd')", "permission denied for function"},
			"run a program":           {"COPY parcels FROM PROGRAM 'id'", "must be superuser or have privileges of the pg_execute_server_program"},
			"raise its own limit":     {"ALTER ROLE " + role + " CONNECTION LIMIT 100", "permission denied"},
			"read passwords":          {"SELECT rolpassword FROM pg_authid", "permission denied for table"},
		} {
			assert.ErrorContains(t, as(role, c.sql), c.refused, "%s: %s", role, step)
		}
		_, err := s.client(t, role, s.passwords[role], other.Name, "SELECT 1")
		assert.ErrorContains(t, err, "no pg_hba.conf entry", "%s into %s", role, other.Name)
		assert.Equal(t, "f", s.admin(t, "SELECT has_database_privilege('"+role+"', '"+other.Name+"', 'CONNECT')"))
	}
	assert.Equal(t, "8|-1", s.admin(t, "SELECT string_agg(rolconnlimit::text, '|' ORDER BY rolname) FROM pg_roles WHERE rolname LIKE 'shop_%'"))

	// An application that leaves the table loses its login; one that was an owner's own before gets nothing back.
	s.writeTable(t, "clients", ClientTable([]Database{{Name: db.Name, Clients: db.Clients[:1]}, other}))
	realserver.MustRun(t, s.script("provision.sh"))
	assert.ErrorContains(t, as("shop_worker", "SELECT 1"), "is not permitted to log in")
	require.NoError(t, as("shop_api", "SELECT * FROM parcels"))
	s.writeTable(t, "clients", ClientTable(args.Databases))
	realserver.MustRun(t, s.script("provision.sh"))
	require.NoError(t, as("shop_worker", "SELECT * FROM parcels"))

	// The rights are there after a restore, too, of a dump that is older than they are.
	s.admin(t, "REVOKE CONNECT ON DATABASE orders FROM orders_clients")
	s.owner(t, db, "REVOKE ALL ON parcels FROM orders_clients; ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM orders_clients")
	realserver.MustRun(t, s.backup(db, db.dumpRole()))
	realserver.MustRun(t, s.script("restore.sh", db.Name, s.dumps(t, db)[0]))
	require.NoError(t, as("shop_worker", "INSERT INTO parcels (body) VALUES ('after the restore')"))
	assert.ErrorContains(t, as("shop_worker", "DROP TABLE parcels"), "must be owner of table")
	s.admin(t, "DROP DATABASE "+s.admin(t, "SELECT datname FROM pg_database WHERE datname LIKE 'orders_before_%'"))
	s.owner(t, db, "DROP TABLE parcels CASCADE")
	require.NoError(t, os.RemoveAll(s.path("backups/"+db.Name)))
}
