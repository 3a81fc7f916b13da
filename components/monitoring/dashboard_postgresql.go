package monitoring

// postgresqlDashboard shows postgres_exporter's default metrics.
func postgresqlDashboard() dashboard {
	const (
		own = `{datname!~"template.*|"}`
		of  = `{datname=~"$database",datname!~"template.*|"}`
	)
	return dashboard{
		UID: "postgresql", Title: "PostgreSQL",
		Variables: []variable{{Name: "database", Label: "datname", Series: "pg_database_size_bytes" + own}},
		Rows: []row{
			{Title: "Now", Panels: []panel{
				one("Up", number, unitShort, `min(pg_up)`, ""),
				one("Connections of the limit", number, unitShare, `sum(pg_stat_activity_count) / max(pg_settings_max_connections)`, "").colour(0.7, 0.9),
				one("Found in cache", number, unitShare, `sum(rate(pg_stat_database_blks_hit`+of+`[$__rate_interval])) / (sum(rate(pg_stat_database_blks_hit`+of+`[$__rate_interval])) + sum(rate(pg_stat_database_blks_read`+of+`[$__rate_interval])))`, ""),
				one("Longest transaction", number, unitSeconds, `max(pg_stat_activity_max_tx_duration`+of+`)`, "").colour(60, 600),
			}},
			{Title: "Databases", Panels: []panel{
				one("Size", overTime, unitBytes, `pg_database_size_bytes`+of, "{{datname}}"),
				{Title: "Transactions", Kind: overTime, Unit: unitPerSecond, Queries: []query{
					{`sum by (datname) (rate(pg_stat_database_xact_commit` + of + `[$__rate_interval]))`, "{{datname}} committed"},
					{`sum by (datname) (rate(pg_stat_database_xact_rollback` + of + `[$__rate_interval]))`, "{{datname}} rolled back"},
				}},
				one("Connections", overTime, unitShort, `sum by (datname, state) (pg_stat_activity_count`+of+`)`, "{{datname}} {{state}}"),
			}},
			{Title: "Rows", Panels: []panel{
				one("Read", overTime, unitPerSecond, `sum by (datname) (rate(pg_stat_database_tup_fetched`+of+`[$__rate_interval]))`, "{{datname}}"),
				{Title: "Written", Kind: overTime, Unit: unitPerSecond, Queries: []query{
					{`sum by (datname) (rate(pg_stat_database_tup_inserted` + of + `[$__rate_interval]))`, "{{datname}} inserted"},
					{`sum by (datname) (rate(pg_stat_database_tup_updated` + of + `[$__rate_interval]))`, "{{datname}} updated"},
					{`sum by (datname) (rate(pg_stat_database_tup_deleted` + of + `[$__rate_interval]))`, "{{datname}} deleted"},
				}},
			}},
			{Title: "Trouble", Panels: []panel{
				one("Deadlocks", overTime, unitPerSecond, `sum by (datname) (rate(pg_stat_database_deadlocks`+of+`[$__rate_interval]))`, "{{datname}}"),
				one("Locks", overTime, unitShort, `sum by (mode) (pg_locks_count`+of+`)`, "{{mode}}"),
				one("Sorted on disk", overTime, unitBytesPerSec, `sum by (datname) (rate(pg_stat_database_temp_bytes`+of+`[$__rate_interval]))`, "{{datname}}"),
			}},
		},
	}
}
