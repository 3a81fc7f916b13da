package rabbitmq

import (
	"fmt"
	"strings"
)

const (
	// watermarkShare is the percentage of the memory limit at which publishers are blocked, RabbitMQ 4's own default. The
	// rest is for garbage collection and for rabbitmq-diagnostics, which probes run.
	watermarkShare = 60
	// walShare is the divisor of the memory limit for the size of a quorum queue log. RabbitMQ keeps up to three logs in
	// memory, and the default size of 512 MiB does not fit a small container.
	walShare = 16
	// maxWalMiB is RabbitMQ's default.
	maxWalMiB = 512
)

// Config holds the settings of rabbitmq.conf that differ from RabbitMQ's defaults.
type Config struct {
	Address         string
	Port            int
	MetricsPort     int
	ManagementPort  int
	DefinitionsPath string
	MemoryMiB       int // the container's limit
	WatermarkMiB    int // publishers are blocked above it
	WalMiB          int
	DiskFreeMiB     int // publishers are blocked below it
	// PermitTransientQueues requires RabbitMQ 3.13 or later.
	PermitTransientQueues bool
}

// ConfigFor derives the configuration from a memory limit in MiB and a volume's size in GiB.
func ConfigFor(limitMiB, volumeGiB int, permitTransientQueues bool) Config {
	return Config{
		Address: "0.0.0.0", Port: port, MetricsPort: metricsPort, ManagementPort: managementPort,
		DefinitionsPath: definitionsDir + "/" + definitionsFile,
		MemoryMiB:       limitMiB,
		WatermarkMiB:    limitMiB * watermarkShare / 100,
		WalMiB:          min(limitMiB/walShare, maxWalMiB),
		// The disk must have space for the whole memory, and a tenth for the file system and for the disk alert to be in
		// time.
		DiskFreeMiB:           max(limitMiB, volumeGiB*1024/10),
		PermitTransientQueues: permitTransientQueues,
	}
}

// Render returns rabbitmq.conf.
func (c Config) Render() string {
	var out strings.Builder
	set := func(key, format string, args ...any) { fmt.Fprintf(&out, key+" = "+format+"\n", args...) }
	set("listeners.tcp.1", "%s:%d", c.Address, c.Port)
	set("prometheus.tcp.ip", "%s", c.Address)
	set("prometheus.tcp.port", "%d", c.MetricsPort)
	// Without it, there are sums over all queues only, without the label "queue".
	set("prometheus.return_per_object_metrics", "true")
	set("management.tcp.ip", "%s", c.Address)
	set("management.tcp.port", "%d", c.ManagementPort)
	// Imported at every start, before clients can connect. A node that imports creates no guest user.
	set("definitions.import_backend", "local_filesystem")
	set("definitions.local.path", "%s", c.DefinitionsPath)
	set("total_memory_available_override_value", "%dMiB", c.MemoryMiB)
	set("vm_memory_high_watermark.absolute", "%dMiB", c.WatermarkMiB)
	set("disk_free_limit.absolute", "%dMiB", c.DiskFreeMiB)
	set("raft.wal_max_size_bytes", "%d", c.WalMiB<<20)
	set("log.console", "true")
	set("log.console.level", "info")
	set("log.file", "false")
	if c.PermitTransientQueues {
		set("deprecated_features.permit.transient_nonexcl_queues", "true")
	}
	return out.String()
}

// EnabledPlugins returns the file enabled_plugins, an Erlang term.
func EnabledPlugins() string { return "[rabbitmq_management,rabbitmq_prometheus].\n" }
