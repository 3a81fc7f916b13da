package monitoring

// redisDashboard shows redis_exporter's default metrics.
func redisDashboard() dashboard {
	const of = `{pod=~"$pod"}`
	return dashboard{
		UID: "redis", Title: "Redis",
		Variables: []variable{{Name: "pod", Label: "pod", Series: "redis_up"}},
		Rows: []row{
			{Title: "Now", Panels: []panel{
				one("Up", number, unitShort, `min(redis_up`+of+`)`, ""),
				one("Memory of its limit", number, unitShare, `max(redis_memory_used_bytes`+of+` / (redis_memory_max_bytes`+of+` > 0)) or vector(0)`, "").colour(0.8, 0.95),
				one("Found", number, unitShare, `sum(rate(redis_keyspace_hits_total`+of+`[$__rate_interval])) / (sum(rate(redis_keyspace_hits_total`+of+`[$__rate_interval])) + sum(rate(redis_keyspace_misses_total`+of+`[$__rate_interval])))`, ""),
				one("Clients", number, unitShort, `sum(redis_connected_clients`+of+`)`, ""),
			}},
			{Title: "Memory", Panels: []panel{
				{Title: "Memory", Kind: overTime, Unit: unitBytes, Queries: []query{
					{`redis_memory_used_bytes` + of, "{{pod}} used"},
					{`redis_memory_max_bytes` + of, "{{pod}} limit"},
				}},
				one("Keys", overTime, unitShort, `sum by (db) (redis_db_keys`+of+`)`, "{{db}}"),
				{Title: "Keys dropped", Kind: overTime, Unit: unitPerSecond, Queries: []query{
					{`sum(rate(redis_evicted_keys_total` + of + `[$__rate_interval]))`, "evicted for lack of memory"},
					{`sum(rate(redis_expired_keys_total` + of + `[$__rate_interval]))`, "expired"},
				}},
			}},
			{Title: "Commands", Panels: []panel{
				one("Commands", overTime, unitPerSecond, `topk(10, sum by (cmd) (rate(redis_commands_total`+of+`[$__rate_interval])))`, "{{cmd}}"),
				one("Mean time", overTime, unitSeconds, `topk(10, sum by (cmd) (rate(redis_commands_duration_seconds_total`+of+`[$__rate_interval])) / sum by (cmd) (rate(redis_commands_total`+of+`[$__rate_interval])))`, "{{cmd}}"),
				one("Traffic", overTime, unitBytesPerSec, `sum(rate(redis_net_input_bytes_total`+of+`[$__rate_interval])) + sum(rate(redis_net_output_bytes_total`+of+`[$__rate_interval]))`, "both ways"),
			}},
			{Title: "Persistence", Panels: []panel{
				one("Last write of the append-only file succeeded", overTime, unitShort, `redis_aof_last_write_status`+of, "{{pod}}"),
				one("Connections refused", overTime, unitPerSecond, `rate(redis_rejected_connections_total`+of+`[$__rate_interval])`, "{{pod}}"),
			}},
		},
	}
}
