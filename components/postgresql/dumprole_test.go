package postgresql

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// testDumpRole runs against databases that testRestore filled and restored.
func testDumpRole(t *testing.T, s *realServer, args ServerArgs) {
	db := args.Databases[0]
	role := db.dumpRole()
	_, err := s.client(t, role, s.passwords[role], db.Name, "SELECT count(*) FROM items")
	require.NoError(t, err)
	for _, write := range []string{"DELETE FROM items", "SET default_transaction_read_only = off; DELETE FROM items", "CREATE TABLE own ()"} {
		_, err = s.client(t, role, s.passwords[role], db.Name, write)
		assert.Error(t, err, write)
	}
	_, err = s.client(t, role, s.passwords[role], args.Databases[1].Name, "SELECT 1")
	assert.ErrorContains(t, err, "no pg_hba.conf entry")
	assert.Equal(t, "2", s.admin(t, "SELECT rolconnlimit FROM pg_roles WHERE rolname = '"+role+"'"))
}
