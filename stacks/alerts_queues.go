package stacks

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/growbin/cluster/components/monitoring"
)

// backlogMessages is the number of ready messages at which a queue's workers are too slow: some minutes of work.
const backlogMessages = 1000

// queueAlerts depend on the label "queue", which RabbitMQ exports at /metrics/per-object only.
func queueAlerts() alertGroup {
	var rules []monitoring.Rule
	var names []string
	for _, q := range queues() {
		if q.Name == queueDeadLetters {
			continue
		}
		names = append(names, regexp.QuoteMeta(q.Name))
		ready := fmt.Sprintf("rabbitmq_queue_messages_ready{queue=%q}", q.Name)
		// Each condition alone is normal: a burst that is being processed, or a few messages more than before.
		rules = append(rules, monitoring.Alert("QueueGrowing", monitoring.Warning, "15m",
			fmt.Sprintf("sum by (queue, vhost) (%[1]s) > %[2]d and sum by (queue, vhost) (deriv(%[1]s[15m])) > 0", ready, backlogMessages),
			"queue {{ $labels.queue }} has {{ $value }} messages ready and is growing: its workers are too slow"))
	}
	rules = append(rules,
		monitoring.Alert("DeadLettersWaiting", monitoring.Warning, "1m",
			fmt.Sprintf("sum by (queue, vhost) (rabbitmq_queue_messages{queue=~%q}) > 0", regexp.QuoteMeta(queueDeadLetters)),
			"queue {{ $labels.queue }} has {{ $value }} dead letters: messages that workers rejected"),
		// Without a consumer nothing is slow, and nothing fails.
		monitoring.Alert("QueueWithoutConsumers", monitoring.Critical, "10m",
			fmt.Sprintf("sum by (queue, vhost) (rabbitmq_queue_consumers{queue=~%q}) == 0", strings.Join(names, "|")),
			"queue {{ $labels.queue }} has no consumer: its tasks wait"))
	return alertGroup{"queues", rules, []RunbookEntry{{
		Alert: "QueueGrowing",
		English: Explanation{
			Means: fmt.Sprintf("More than %d messages are ready in a queue, and their number grows for 15 minutes: its workers are too slow, or gone.", backlogMessages),
			Look:  "dashboard \"Queues and dead letters\"; `kubectl -n growbin logs deploy/WORKER`.",
			Do: "more `Replicas` or `Concurrency` of the worker in `stacks/applications.go`. `gpt5-analyzer` waits for the rate limit of its API: " +
				"more replicas do not help there.",
		},
		Korean: Explanation{
			Means: fmt.Sprintf("큐에 메시지가 %d개 넘게 쌓였고 15분째 늘고 있습니다. 워커가 느리거나 없습니다.", backlogMessages),
			Look:  "대시보드 \"Queues and dead letters\", `kubectl -n growbin logs deploy/WORKER`.",
			Do: "`stacks/applications.go`에서 워커의 `Replicas`나 `Concurrency`를 늘립니다. `gpt5-analyzer`는 외부 API의 호출 제한에 걸린 것이라 " +
				"레플리카를 늘려도 소용없습니다.",
		},
	}, {
		Alert: "DeadLettersWaiting",
		English: Explanation{
			Means: "`q.dlq` holds messages that a worker rejected, or that were delivered 20 times without success.",
			Look: "the management interface of [RabbitMQ](#rabbitmq), queue `q.dlq`, \"Get messages\". The header `x-death` names the queue and " +
				"the reason.",
			Do: "fix the worker, move the messages back (\"Move messages\", to the queue in `x-death`), or purge them.",
		},
		Korean: Explanation{
			Means: "`q.dlq`에 워커가 거부했거나 20번 전달해도 처리하지 못한 메시지가 있습니다.",
			Look:  "[RabbitMQ](#rabbitmq) 관리 화면의 큐 `q.dlq`에서 \"Get messages\". 헤더 `x-death`에 원래 큐와 이유가 있습니다.",
			Do:    "워커를 고친 뒤 \"Move messages\"로 `x-death`의 큐에 돌려보내거나 비웁니다(purge).",
		},
	}, {
		Alert: "QueueWithoutConsumers",
		English: Explanation{
			Means: "Nothing has consumed a queue for 10 minutes: its worker is gone or lost the connection.",
			Look:  "`kubectl -n growbin get pods`, `kubectl -n growbin logs deploy/WORKER`.",
			Do:    "`kubectl -n growbin rollout restart deploy/WORKER`. A refused connection names the missing right.",
		},
		Korean: Explanation{
			Means: "큐를 10분째 아무도 소비하지 않습니다. 워커가 없거나 연결을 잃었습니다.",
			Look:  "`kubectl -n growbin get pods`, `kubectl -n growbin logs deploy/WORKER`.",
			Do:    "`kubectl -n growbin rollout restart deploy/WORKER`. 연결이 거부되었다면 로그에 없는 권한이 나옵니다.",
		},
	}}}
}
