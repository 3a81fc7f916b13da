package monitoring

// apiDashboard shows HTTP services that carry the default metrics of prometheus-fastapi-instrumentator 7
// (Instrumentator().instrument(app).expose(app)), where status is grouped: "2xx", "5xx".
func apiDashboard() dashboard {
	const (
		of     = `{app=~"$app"}`
		failed = `{app=~"$app",status="5xx"}`
	)
	return dashboard{
		UID: "api", Title: "API traffic and errors",
		Variables: []variable{{Name: "app", Label: "app", Series: "http_requests_total"}},
		Rows: []row{
			{Title: "Now", Panels: []panel{
				one("Requests", number, unitRequests, `sum(rate(http_requests_total`+of+`[$__rate_interval]))`, ""),
				one("Failing", number, unitShare, `(sum(rate(http_requests_total`+failed+`[$__rate_interval])) or vector(0)) / (sum(rate(http_requests_total`+of+`[$__rate_interval])) > 0) or vector(0)`, "").colour(0.01, 0.05),
				one("Slowest 5 % take more than", number, unitSeconds, `histogram_quantile(0.95, sum by (le) (rate(http_request_duration_highr_seconds_bucket`+of+`[$__rate_interval])))`, "").colour(1, 5),
			}},
			{Title: "By service", Panels: []panel{
				one("Requests", overTime, unitRequests, `sum by (app) (rate(http_requests_total`+of+`[$__rate_interval]))`, "{{app}}"),
				one("Failing (5xx)", overTime, unitRequests, `sum by (app) (rate(http_requests_total`+failed+`[$__rate_interval]))`, "{{app}}"),
				one("Refused (4xx)", overTime, unitRequests, `sum by (app) (rate(http_requests_total{app=~"$app",status="4xx"}[$__rate_interval]))`, "{{app}}"),
			}},
			{Title: "Latency", Panels: []panel{
				one("Median", overTime, unitSeconds, `histogram_quantile(0.5, sum by (app, le) (rate(http_request_duration_highr_seconds_bucket`+of+`[$__rate_interval])))`, "{{app}}"),
				one("95th percentile", overTime, unitSeconds, `histogram_quantile(0.95, sum by (app, le) (rate(http_request_duration_highr_seconds_bucket`+of+`[$__rate_interval])))`, "{{app}}"),
				one("Mean by route", overTime, unitSeconds, `topk(10, sum by (app, handler) (rate(http_request_duration_seconds_sum`+of+`[$__rate_interval])) / sum by (app, handler) (rate(http_request_duration_seconds_count`+of+`[$__rate_interval])))`, "{{app}} {{handler}}"),
			}},
			{Title: "Size", Panels: []panel{
				one("Received", overTime, unitBytesPerSec, `sum by (app) (rate(http_request_size_bytes_sum`+of+`[$__rate_interval]))`, "{{app}}"),
				one("Sent", overTime, unitBytesPerSec, `sum by (app) (rate(http_response_size_bytes_sum`+of+`[$__rate_interval]))`, "{{app}}"),
			}},
		},
	}
}
