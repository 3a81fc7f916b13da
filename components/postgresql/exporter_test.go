package postgresql

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/growbin/cluster/internal/testing/realserver"
)

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
	body := process.WaitForMetrics(t, metrics, "\npg_up 1\n")
	for _, d := range args.Databases {
		assert.Regexp(t, fmt.Sprintf(`pg_database_size_bytes\{datname="%s"[^}]*\} [0-9.e+]+`, d.Name), body)
	}
	assert.Contains(t, body, "pg_settings_max_connections")
}
