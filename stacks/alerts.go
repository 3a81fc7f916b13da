package stacks

import (
	"fmt"
	"regexp"

	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/components/validation"
)

// runbookURL is the page that explains every alert, with a heading for each.
const runbookURL = "https://github.com/growbin/cluster/blob/main/docs/operate.md"

// backlogMessages is the number of ready messages at which a queue's workers are too slow: some minutes of work.
const backlogMessages = 1000

// alertRules are the rules of Growbin's nodes and queues. The component adds those of any cluster.
func alertRules(nodes []Node) []monitoring.RuleGroup {
	return []monitoring.RuleGroup{
		{Name: "load", Rules: loadRules(nodes)},
		{Name: "queues", Rules: append(queueRules(), consumerRules()...)},
		{Name: "stores", Rules: storeRules()},
		{Name: "apis", Rules: apiRules()},
		{Name: "credits", Rules: creditRules(nodes)},
	}
}

// Recorded series of each node's expected load, 0 to 1, with the labels "node" and "purpose".
const (
	nodeBandLow  = "node:band:low"
	nodeBandHigh = "node:band:high"
)

// loadRules compare each node's load with its band.
func loadRules(nodes []Node) []monitoring.Rule {
	var rules []monitoring.Rule
	for _, n := range nodes {
		if n.Band == nil {
			continue
		}
		labels := map[string]string{"node": n.Name, "purpose": n.Purpose}
		rules = append(rules,
			monitoring.Rule{Record: nodeBandLow, Expr: fmt.Sprintf("vector(%g)", n.Band.Low/100), Labels: labels},
			monitoring.Rule{Record: nodeBandHigh, Expr: fmt.Sprintf("vector(%g)", n.Band.High/100), Labels: labels})
	}
	return append(rules, monitoring.Alert("BandExceeded", monitoring.Warning, "30m",
		fmt.Sprintf("%s > on (node) group_left (purpose) %s", monitoring.NodeLoadMetric, nodeBandHigh),
		"node {{ $labels.node }} ({{ $labels.purpose }}) has a load of {{ $value | humanizePercentage }}, above its expected band"))
}

// checkBands returns all problems of the nodes' bands, joined.
func checkBands(nodes []Node) error {
	var problems validation.Problems
	for _, n := range nodes {
		if b := n.Band; b != nil && (b.Low <= 0 || b.Low >= b.High || b.High > 100) {
			problems.Add("topology."+n.Name+".Band", fmt.Sprintf("%g-%g", b.Low, b.High), "must be two percentages, 0 < Low < High <= 100")
		}
	}
	return problems.Err()
}

// queueRules depend on the label "queue", which RabbitMQ exports at /metrics/per-object only.
func queueRules() []monitoring.Rule {
	var rules []monitoring.Rule
	for _, q := range queues() {
		if q.Name == queueDeadLetters {
			continue
		}
		ready := fmt.Sprintf("rabbitmq_queue_messages_ready{queue=%q}", q.Name)
		// Each condition alone is normal: a burst that is being processed, or a few messages more than before.
		rules = append(rules, monitoring.Alert("QueueGrowing", monitoring.Warning, "15m",
			fmt.Sprintf("sum by (queue, vhost) (%[1]s) > %[2]d and sum by (queue, vhost) (deriv(%[1]s[15m])) > 0", ready, backlogMessages),
			"queue {{ $labels.queue }} has {{ $value }} messages ready and is growing: its workers are too slow"))
	}
	return append(rules, monitoring.Alert("DeadLettersWaiting", monitoring.Warning, "1m",
		fmt.Sprintf("sum by (queue, vhost) (rabbitmq_queue_messages{queue=~%q}) > 0", regexp.QuoteMeta(queueDeadLetters)),
		"queue {{ $labels.queue }} has {{ $value }} dead letters: messages that workers rejected"))
}
