package redis

import (
	"fmt"
	"strings"
)

// Config holds the settings of redis.conf that differ from Redis's defaults.
type Config struct {
	Kind         Kind
	MaxMemoryMiB int
	Port         int
	// Bind are the addresses to listen on.
	Bind string
	// DataDir is the working directory, with the append-only file.
	DataDir string
	// ACLFile is the path of the file with the users.
	ACLFile string
}

// ConfigFor derives the configuration from a container's memory limit in MiB. A Kept server rewrites its append-only file
// in a forked process, which copies every page in the worst case, so keys may use less than half. An Evictable server never
// forks; it needs a quarter for buffers and fragmentation.
func ConfigFor(kind Kind, limitMiB int) Config {
	share := 75
	if kind == Kept {
		share = 45
	}
	return Config{
		Kind: kind, MaxMemoryMiB: limitMiB * share / 100, Port: port, Bind: "* -::*",
		DataDir: dataDir, ACLFile: aclDir + "/" + aclFile,
	}
}

// Render returns redis.conf.
func (c Config) Render() string {
	var out strings.Builder
	set := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	set("bind %s", c.Bind)
	set("port %d", c.Port)
	// Protected mode would refuse clients because the default user has no password; that user can only PING.
	set("protected-mode no")
	set("aclfile %s", c.ACLFile)
	set("databases %d", databases)
	set("dir %s", c.DataDir)
	set(`logfile ""`)
	set("maxmemory %dmb", c.MaxMemoryMiB)
	set("maxmemory-clients 10%%") // disconnects clients that read too slowly before keys are evicted
	set("tcp-keepalive 60")
	set(`save ""`) // no snapshots: the append-only file is more complete
	switch c.Kind {
	case Kept:
		set("maxmemory-policy noeviction")
		set("appendonly yes")
		set("appendfsync everysec")
		set("aof-load-truncated yes") // a crash truncates the last command only
		set("auto-aof-rewrite-percentage 100")
		set("auto-aof-rewrite-min-size 64mb")
	case Evictable:
		set("maxmemory-policy allkeys-lru")
		set("maxmemory-samples 10")
		set("lazyfree-lazy-eviction yes")
		set("appendonly no")
	}
	return out.String()
}
