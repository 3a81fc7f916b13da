package stacks

import (
	"strings"

	"github.com/growbin/cluster/components/monitoring"
)

// storeAlerts watch the stores themselves: the exporters of two are sidecars, which stay up while their server is down.
func storeAlerts() alertGroup {
	var down []string
	for _, metric := range []string{"redis_up", "pg_up", `up{job="` + monitoring.JobPods + `",app="rabbitmq"}`} {
		down = append(down, "max by (namespace, pod) ("+metric+") == 0")
	}
	// The conditions of RabbitMQ's alarms, whose own series /metrics/per-object lacks.
	const alarms = "max by (namespace, pod) (rabbitmq_process_resident_memory_bytes / rabbitmq_resident_memory_limit_bytes) >= 1" +
		" or max by (namespace, pod) (rabbitmq_disk_space_available_bytes / rabbitmq_disk_space_available_limit_bytes) <= 1" +
		" or max by (namespace, pod) (rabbitmq_process_open_fds / rabbitmq_process_max_fds) >= 0.95"
	rules := []monitoring.Rule{
		monitoring.Alert("StoreDown", monitoring.Critical, "2m", strings.Join(down, " or "),
			"store {{ $labels.namespace }}/{{ $labels.pod }} does not answer"),
		monitoring.Alert("BrokerAlarm", monitoring.Critical, "1m", alarms,
			"{{ $labels.namespace }}/{{ $labels.pod }} is short of memory, disk or files: it accepts no messages"),
		// The cache is meant to be full: it evicts.
		monitoring.Alert("RedisFull", monitoring.Critical, "5m",
			`max by (namespace, pod) (redis_memory_used_bytes{pod=~"redis-durable-.*"} / redis_memory_max_bytes{pod=~"redis-durable-.*"}) > 0.9`,
			"{{ $labels.namespace }}/{{ $labels.pod }} uses {{ $value | humanizePercentage }} of its memory and refuses writes at 100%"),
	}
	return alertGroup{"stores", rules, []RunbookEntry{{
		Alert: "StoreDown",
		English: Explanation{
			Means: "A store has not answered for 2 minutes. Its exporter may run on.",
			Look:  "`kubectl -n data get pods`, `kubectl -n data logs POD`.",
			Do: "as for [PodCrashLooping](#podcrashlooping); if its node is gone, [replace the " +
				"instance](recover.md#a-worker-or-a-store-is-lost).",
		},
		Korean: Explanation{
			Means: "저장소가 2분째 응답하지 않습니다. exporter는 계속 돌 수 있습니다.",
			Look:  "`kubectl -n data get pods`, `kubectl -n data logs POD`.",
			Do:    "[PodCrashLooping](#podcrashlooping)과 같습니다. 노드가 없어졌다면 [인스턴스를 교체](recover.md#워커나-저장소를-잃었을-때)합니다.",
		},
	}, {
		Alert: "BrokerAlarm",
		English: Explanation{
			Means: "RabbitMQ is short of memory, disk or files, and blocks everybody who publishes.",
			Look:  "`kubectl -n data exec rabbitmq-0 -- rabbitmq-diagnostics alarms`; dashboard \"Queues and dead letters\".",
			Do:    "let workers empty the queues: more `Replicas`. Grow the disk with `dataDiskGiB`.",
		},
		Korean: Explanation{
			Means: "RabbitMQ에 메모리, 디스크, 파일 중 하나가 모자라 발행을 모두 막습니다.",
			Look:  "`kubectl -n data exec rabbitmq-0 -- rabbitmq-diagnostics alarms`, 대시보드 \"Queues and dead letters\".",
			Do:    "워커의 `Replicas`를 늘려 큐를 비웁니다. 디스크는 `dataDiskGiB`로 키웁니다.",
		},
	}, {
		Alert: "RedisFull",
		English: Explanation{
			Means: "The durable Redis uses more than 90 % of its memory. It evicts nothing: at 100 % it refuses writes.",
			Look:  "`kubectl -n data exec redis-durable-0 -- redis-cli --bigkeys` (as an administrator); dashboard \"Redis\".",
			Do:    "shorter lifetimes of results and sessions, or a larger instance type of `k8s-redis`.",
		},
		Korean: Explanation{
			Means: "지속되는 Redis가 메모리를 90% 넘게 씁니다. 아무것도 버리지 않으므로 100%가 되면 쓰기를 거부합니다.",
			Look:  "`kubectl -n data exec redis-durable-0 -- redis-cli --bigkeys`(관리자로), 대시보드 \"Redis\".",
			Do:    "결과와 세션의 수명을 줄이거나 `k8s-redis`의 인스턴스 타입을 키웁니다.",
		},
	}}}
}
