package postgresql

import (
	"fmt"
	"strings"
)

const (
	maxWalMiB = 1024
	minWalMiB = 256
	// backendMiB is the memory in MiB of a connection without sorts.
	backendMiB = 3
)

// Settings are the settings of the server that depend on its size.
type Settings struct {
	MaxConnections        int
	SharedBuffersMiB      int
	EffectiveCacheMiB     int
	MaintenanceWorkMemMiB int
	WorkMemMiB            int
	// Port and SocketDir are the server's TCP port and the directory of its Unix socket.
	Port      int
	SocketDir string
	// ConfigDir is the directory of pg_hba.conf and pg_ident.conf.
	ConfigDir string
}

// SettingsFor derives the settings from a container's memory limit in MiB. A quarter is PostgreSQL's cache, as its manual
// recommends. The page cache counts against the limit too, but can be reclaimed.
func SettingsFor(limitMiB, maxConnections int) Settings {
	s := Settings{
		MaxConnections:        maxConnections,
		SharedBuffersMiB:      limitMiB / 4,
		EffectiveCacheMiB:     limitMiB * 3 / 5,
		MaintenanceWorkMemMiB: min(max(limitMiB/16, 16), 256),
		Port:                  port,
		SocketDir:             socketDir,
		ConfigDir:             configDir,
	}
	// Two autovacuum workers, all connections open, and every fourth of them sorting.
	left := limitMiB - s.SharedBuffersMiB - 2*s.MaintenanceWorkMemMiB - backendMiB*maxConnections
	s.WorkMemMiB = min(max(left, 0)/max(maxConnections/4, 1), 64)
	return s
}

// Render returns postgresql.conf. Other settings have the server's defaults.
func (s Settings) Render() string {
	var out strings.Builder
	set := func(name, format string, args ...any) { fmt.Fprintf(&out, name+" = "+format+"\n", args...) }
	set("hba_file", "'%s/pg_hba.conf'", s.ConfigDir)
	set("ident_file", "'%s/pg_ident.conf'", s.ConfigDir)
	set("listen_addresses", "'*'")
	set("port", "%d", s.Port)
	set("unix_socket_directories", "'%s'", s.SocketDir)
	set("max_connections", "%d", s.MaxConnections)
	set("password_encryption", "scram-sha-256")
	set("shared_buffers", "%dMB", s.SharedBuffersMiB)
	set("effective_cache_size", "%dMB", s.EffectiveCacheMiB)
	set("maintenance_work_mem", "%dMB", s.MaintenanceWorkMemMiB)
	set("work_mem", "%dMB", s.WorkMemMiB)
	set("autovacuum_max_workers", "2")
	set("max_parallel_workers_per_gather", "1") // of two CPUs
	set("max_wal_size", "%dMB", maxWalMiB)
	set("min_wal_size", "%dMB", minWalMiB)
	set("wal_compression", "on")
	set("checkpoint_completion_target", "0.9")
	set("random_page_cost", "1.1") // random reads of an SSD are as fast as sequential ones
	set("effective_io_concurrency", "100")
	set("idle_in_transaction_session_timeout", "'5min'") // a hanging client must not block vacuum
	set("log_destination", "'stderr'")
	set("logging_collector", "off")
	set("log_line_prefix", "'%%m [%%p] %%q%%u@%%d '")
	set("log_timezone", "'UTC'")
	set("timezone", "'UTC'")
	set("log_min_duration_statement", "'1s'")
	set("log_lock_waits", "on")
	set("log_checkpoints", "on")
	set("log_autovacuum_min_duration", "'10s'")
	return out.String()
}
