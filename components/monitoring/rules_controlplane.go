package monitoring

import "fmt"

// controlPlaneRules watch the API server and, by its own requests, etcd. The shares are those of requests in five minutes.
func controlPlaneRules() []Rule {
	return []Rule{
		// Discovery itself needs the API server, so a target may be missing instead of down.
		Alert("APIServerDown", Critical, "3m", fmt.Sprintf("absent(up{job=%q} == 1)", JobAPIServer),
			"the API server cannot be scraped: nothing is scheduled, and no deployment is possible"),
		Alert("APIServerErrors", Warning, "10m",
			`sum(rate(apiserver_request_total{code=~"5.."}[5m])) / sum(rate(apiserver_request_total[5m])) > 0.05`,
			"the API server fails {{ $value | humanizePercentage }} of its requests"),
		Alert("EtcdErrors", Critical, "10m",
			`sum(rate(etcd_request_errors_total[5m])) / sum(rate(etcd_requests_total[5m])) > 0.05`,
			"etcd fails {{ $value | humanizePercentage }} of the API server's requests"),
		Alert("EtcdSlow", Warning, "10m",
			`histogram_quantile(0.99, sum by (le) (rate(etcd_request_duration_seconds_bucket[5m]))) > 1`,
			"etcd takes {{ $value | humanizeDuration }} for one of a hundred requests"),
	}
}
