package stacks

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/growbin/cluster/components/monitoring"
)

// storeRules watch the stores themselves: the exporters of two are sidecars, which stay up while their server is down.
func storeRules() []monitoring.Rule {
	var down []string
	for _, metric := range []string{"redis_up", "pg_up", `up{job="` + monitoring.JobPods + `",app="rabbitmq"}`} {
		down = append(down, "max by (namespace, pod) ("+metric+") == 0")
	}
	// The conditions of RabbitMQ's alarms, whose own series /metrics/per-object lacks.
	const alarms = "max by (namespace, pod) (rabbitmq_process_resident_memory_bytes / rabbitmq_resident_memory_limit_bytes) >= 1" +
		" or max by (namespace, pod) (rabbitmq_disk_space_available_bytes / rabbitmq_disk_space_available_limit_bytes) <= 1" +
		" or max by (namespace, pod) (rabbitmq_process_open_fds / rabbitmq_process_max_fds) >= 0.95"
	return []monitoring.Rule{
		monitoring.Alert("StoreDown", monitoring.Critical, "2m", strings.Join(down, " or "),
			"store {{ $labels.namespace }}/{{ $labels.pod }} does not answer"),
		monitoring.Alert("BrokerAlarm", monitoring.Critical, "1m", alarms,
			"{{ $labels.namespace }}/{{ $labels.pod }} is short of memory, disk or files: it accepts no messages"),
		// The cache is meant to be full: it evicts.
		monitoring.Alert("RedisFull", monitoring.Critical, "5m",
			`max by (namespace, pod) (redis_memory_used_bytes{pod=~"redis-durable-.*"} / redis_memory_max_bytes{pod=~"redis-durable-.*"}) > 0.9`,
			"{{ $labels.namespace }}/{{ $labels.pod }} uses {{ $value | humanizePercentage }} of its memory and refuses writes at 100%"),
	}
}

// consumerRules watch the workers by their queues: without a consumer nothing is slow, and nothing fails.
func consumerRules() []monitoring.Rule {
	var names []string
	for _, q := range queues() {
		if q.Name != queueDeadLetters {
			names = append(names, regexp.QuoteMeta(q.Name))
		}
	}
	return []monitoring.Rule{monitoring.Alert("QueueWithoutConsumers", monitoring.Critical, "10m",
		fmt.Sprintf("sum by (queue, vhost) (rabbitmq_queue_consumers{queue=~%q}) == 0", strings.Join(names, "|")),
		"queue {{ $labels.queue }} has no consumer: its tasks wait")}
}

// apiRules watch the answers of the APIs. The metrics are those of prometheus-fastapi-instrumentator; health probes count as
// requests, so a pod without any series serves no such metrics.
func apiRules() []monitoring.Rule {
	rules := []monitoring.Rule{monitoring.Alert("APIErrors", monitoring.Critical, "5m",
		fmt.Sprintf(`sum by (app) (rate(http_requests_total{job=%[1]q,status=~"5.."}[5m])) / sum by (app) (rate(http_requests_total{job=%[1]q}[5m])) > 0.05`, monitoring.JobPods),
		"{{ $labels.app }} fails {{ $value | humanizePercentage }} of its requests")}
	for _, application := range catalog {
		if application.Kind == kindAPI {
			rules = append(rules, monitoring.Alert("APIUnwatched", monitoring.Warning, "30m",
				fmt.Sprintf("absent(http_requests_total{job=%q,app=%q})", monitoring.JobPods, application.Name),
				"{{ $labels.app }} serves no metrics of its requests at /metrics: its errors raise no alert"))
		}
	}
	return rules
}
