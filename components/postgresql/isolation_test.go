package postgresql

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/realserver"
)

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
			// Defense in depth: the privilege is missing too.
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
	s.setPassword(t, "late_dump", "late")
	table := DatabaseTable(append(args.Databases, Database{Name: "late", Owner: "late_owner"}))
	s.writeTable(t, "databases", table)
	realserver.MustRun(t, s.script("provision.sh"))

	_, err := s.client(t, first.Owner, before, first.Name, "SELECT 1")
	assert.ErrorContains(t, err, "password authentication failed")
	assert.Equal(t, first.Owner, s.owner(t, first, "SELECT current_user"))
	assert.Equal(t, "late_owner", s.admin(t, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'late'"))
}
