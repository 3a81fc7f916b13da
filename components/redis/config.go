package redis

import (
	"fmt"
	"strings"
)

// Config is what redis.conf says beyond Redis' defaults.
type Config struct {
	Kind         Kind
	MaxMemoryMiB int
	Port         int
	// Bind are the addresses to listen on.
	Bind string
	// DataDir is the working folder; the append-only file is in it.
	DataDir string
	// ACLFile holds the users.
	ACLFile string
}

// ConfigFor derives the configuration from a container's memory limit. A Kept server rewrites its
// append-only file in a forked process, which in the worst case needs every page once more: its keys get
// less than half. An Evictable one never forks; a quarter is for buffers and fragmentation.
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
	// Protected mode goes by the default user's password; here that user can do nothing but PING.
	set("protected-mode no")
	set("aclfile %s", c.ACLFile)
	set("databases %d", databases)
	set("dir %s", c.DataDir)
	set(`logfile ""`)
	set("maxmemory %dmb", c.MaxMemoryMiB)
	set("maxmemory-clients 10%%") // clients that read too slowly are cut off before keys suffer
	set("tcp-keepalive 60")
	set(`save ""`) // no snapshots: the append-only file says the same and more
	switch c.Kind {
	case Kept:
		set("maxmemory-policy noeviction")
		set("appendonly yes")
		set("appendfsync everysec")
		set("aof-load-truncated yes") // a crash cuts the last command off; everything before it counts
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
