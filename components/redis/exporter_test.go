package redis

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/growbin/cluster/internal/testing/realserver"
)

func TestExporter_Metrics(t *testing.T) {
	system, exporter := realserver.InSystem(t, realserver.BrokerSystem, "prometheus-redis-exporter")
	s := startReal(t, Kept)
	s.must("sessions", "set", "session:1", "alice", "EX", "600")
	metrics := realserver.FreePort(t)
	process := realserver.Start(t, realserver.Command{
		Path: exporter, Args: []string{fmt.Sprintf("-web.listen-address=127.0.0.1:%d", metrics)}, Dir: s.folder, System: system,
		Env: []string{
			fmt.Sprintf("REDIS_ADDR=redis://127.0.0.1:%d", s.port), "REDIS_USER=" + exporterUser,
			"REDIS_PASSWORD=" + password(exporterUser), "REDIS_EXPORTER_CONFIG_COMMAND=-",
		},
	})
	body := process.WaitForMetrics(t, metrics, "\nredis_up 1\n")
	for _, metric := range []string{"redis_memory_used_bytes", "redis_memory_max_bytes", "redis_evicted_keys_total", "redis_connected_clients", `redis_db_keys{db="db1"} 1`, "redis_aof_last_write_status"} {
		assert.Contains(t, body, metric)
	}
}
