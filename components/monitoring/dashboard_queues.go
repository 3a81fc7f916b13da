package monitoring

// queuesDashboard shows RabbitMQ's own metrics, read per object (see queueRules).
func queuesDashboard(a *MonitoringArgs) dashboard {
	const of = `{queue=~"$queue"}`
	dead := "rabbitmq_queue_messages"
	if len(a.DeadLetterQueues) > 0 {
		dead += `{queue=~` + quote(oneOf(a.DeadLetterQueues)) + `}`
	}
	return dashboard{
		UID: "queues", Title: "Queues and dead letters",
		Variables: []variable{{Name: "queue", Label: "queue", Series: "rabbitmq_queue_messages"}},
		Rows: []row{
			{Title: "Now", Panels: []panel{
				one("Dead letters", number, unitShort, `sum(`+dead+`)`, "").colour(1, 1),
				one("Waiting", number, unitShort, `sum(rabbitmq_queue_messages_ready`+of+`)`, ""),
				one("Being handled", number, unitShort, `sum(rabbitmq_queue_messages_unacked`+of+`)`, ""),
				one("Memory of its limit", number, unitShare, `max(rabbitmq_process_resident_memory_bytes / rabbitmq_resident_memory_limit_bytes)`, "").colour(0.8, 1),
			}},
			{Title: "Queues", Panels: []panel{
				one("Waiting", overTime, unitShort, `sum by (queue) (rabbitmq_queue_messages_ready`+of+`)`, "{{queue}}"),
				one("Being handled", overTime, unitShort, `sum by (queue) (rabbitmq_queue_messages_unacked`+of+`)`, "{{queue}}"),
				one("Consumers", overTime, unitShort, `sum by (queue) (rabbitmq_queue_consumers`+of+`)`, "{{queue}}"),
			}},
			{Title: "Messages", Panels: []panel{
				one("Received", overTime, unitPerSecond, `sum(rate(rabbitmq_global_messages_received_total[$__rate_interval]))`, "received"),
				one("Delivered and acknowledged", overTime, unitPerSecond, `sum(rate(rabbitmq_global_messages_acknowledged_total[$__rate_interval]))`, "acknowledged"),
				{Title: "Given up", Kind: overTime, Unit: unitPerSecond, Queries: []query{
					{`sum(rate(rabbitmq_global_messages_dead_lettered_rejected_total[$__rate_interval]))`, "rejected"},
					{`sum(rate(rabbitmq_global_messages_dead_lettered_delivery_limit_total[$__rate_interval]))`, "delivered too often"},
					{`sum(rate(rabbitmq_global_messages_dead_lettered_expired_total[$__rate_interval]))`, "expired"},
				}},
			}},
			{Title: "Server", Panels: []panel{
				one("Connections and channels", overTime, unitShort, `sum by (pod) (rabbitmq_connections) + sum by (pod) (rabbitmq_channels)`, "{{pod}}"),
				one("Disk left before it stops", overTime, unitBytes, `rabbitmq_disk_space_available_bytes - rabbitmq_disk_space_available_limit_bytes`, "{{pod}}"),
			}},
		},
	}
}
