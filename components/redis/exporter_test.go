package redis

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/growbin/cluster/internal/testing/realserver"
)

func TestExporterReadsStatistics(t *testing.T) {
	exporter := realserver.Binary(t, "prometheus-redis-exporter")
	s := startReal(t, Kept)
	s.must("sessions", "set", "session:1", "alice", "EX", "600")
	metrics := realserver.FreePort(t)
	process := realserver.Start(t, realserver.Command{
		Path: exporter, Args: []string{fmt.Sprintf("-web.listen-address=127.0.0.1:%d", metrics)}, Dir: s.folder,
		Env: []string{
			fmt.Sprintf("REDIS_ADDR=redis://127.0.0.1:%d", s.port), "REDIS_USER=" + exporterUser,
			"REDIS_PASSWORD=" + password(exporterUser), "REDIS_EXPORTER_CONFIG_COMMAND=-",
		},
	})
	var body string
	process.WaitFor(t, "connected to Redis", 20*time.Second, func() error {
		var err error
		if body, err = get(fmt.Sprintf("http://127.0.0.1:%d/metrics", metrics)); err == nil && !strings.Contains(body, "\nredis_up 1\n") {
			err = errors.New("redis_up is not 1")
		}
		return err
	})
	for _, metric := range []string{"redis_memory_used_bytes", "redis_memory_max_bytes", "redis_evicted_keys_total", "redis_connected_clients", `redis_db_keys{db="db1"} 1`, "redis_aof_last_write_status"} {
		assert.Contains(t, body, metric)
	}
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
