package monitoring

import (
	"fmt"
	"regexp"
	"strings"
)

// queueRules watch RabbitMQ's queues. The label "queue" is only there when RabbitMQ's metrics are read per object:
// annotate its pod prometheus.io/path=/metrics/per-object.
func queueRules(queues []Queue, deadLetters []string) []rule {
	var rules []rule
	for _, q := range queues {
		ready := fmt.Sprintf("sum by (queue, vhost) (rabbitmq_queue_messages_ready{queue=%q})", q.Name)
		// Each condition alone is normal: a burst that is being worked off, or a few messages more than before.
		rules = append(rules, alert("QueueGrowing", warning, "15m",
			fmt.Sprintf("%s > %d and sum by (queue, vhost) (deriv(rabbitmq_queue_messages_ready{queue=%q}[15m])) > 0", ready, q.BacklogMessages, q.Name),
			"{{ $labels.queue }} has {{ $value }} messages waiting, and more and more of them: its workers do not keep up"))
	}
	if len(deadLetters) > 0 {
		rules = append(rules, alert("DeadLettersWaiting", warning, "1m",
			fmt.Sprintf("sum by (queue, vhost) (rabbitmq_queue_messages{queue=~%q}) > 0", oneOf(deadLetters)),
			"{{ $labels.queue }} holds {{ $value }} messages that no worker could handle"))
	}
	return rules
}

// oneOf is a PromQL regular expression for exactly these names.
func oneOf(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = regexp.QuoteMeta(name)
	}
	return strings.Join(quoted, "|")
}

// quote writes a PromQL string.
func quote(s string) string { return fmt.Sprintf("%q", s) }
