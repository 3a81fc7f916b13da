package monitoring

// celeryDashboard assumes one celery-exporter (github.com/danihodovic/celery-exporter, 0.10 or newer) for the broker,
// and workers that send events (`celery worker -E`). Without it the page is empty and nothing else suffers.
func celeryDashboard() dashboard {
	const of = `{queue_name=~"$queue"}`
	return dashboard{
		UID: "celery", Title: "Celery tasks",
		Variables: []variable{{Name: "queue", Label: "queue_name", Series: "celery_task_received_total"}},
		Rows: []row{
			{Title: "Now", Panels: []panel{
				one("Workers up", number, unitShort, `sum(celery_worker_up)`, ""),
				one("Tasks running", number, unitShort, `sum(celery_worker_tasks_active)`, ""),
				one("Failing", number, unitPerSecond, `sum(rate(celery_task_failed_total`+of+`[$__rate_interval]))`, "").colour(0.01, 0.1),
			}},
			{Title: "Tasks", Panels: []panel{
				one("Done", overTime, unitPerSecond, `sum by (name) (rate(celery_task_succeeded_total`+of+`[$__rate_interval]))`, "{{name}}"),
				one("Failed", overTime, unitPerSecond, `sum by (name, exception) (rate(celery_task_failed_total`+of+`[$__rate_interval]))`, "{{name}} {{exception}}"),
				one("Tried again", overTime, unitPerSecond, `sum by (name) (rate(celery_task_retried_total`+of+`[$__rate_interval]))`, "{{name}}"),
			}},
			{Title: "Time", Panels: []panel{
				one("95th percentile by task", overTime, unitSeconds, `histogram_quantile(0.95, sum by (name, le) (rate(celery_task_runtime_bucket`+of+`[$__rate_interval])))`, "{{name}}"),
				one("Started less than received", overTime, unitPerSecond, `sum by (queue_name) (rate(celery_task_received_total`+of+`[$__rate_interval])) - sum by (queue_name) (rate(celery_task_started_total`+of+`[$__rate_interval]))`, "{{queue_name}}"),
			}},
			{Title: "Workers", Panels: []panel{
				one("Tasks running", overTime, unitShort, `sum by (hostname) (celery_worker_tasks_active)`, "{{hostname}}"),
				one("Workers by queue", overTime, unitShort, `sum by (queue_name) (celery_active_worker_count`+of+`)`, "{{queue_name}}"),
			}},
		},
	}
}
