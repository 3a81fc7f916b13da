package stacks

import (
	"fmt"

	"github.com/growbin/cluster/components/monitoring"
)

// nodeCPUPaid is the recorded CPU utilization of each node that its price and the estimate of the cost cover, 0 to 1.
const nodeCPUPaid = "node:cpu:paid"

// creditRules watch the CPU credits of burstable nodes. In unlimited mode CPU time above the baseline is billed: the estimate
// has that of the expected load. In standard mode the node is slowed down, which its kernel sees as stolen time.
func creditRules(nodes []Node) []monitoring.Rule {
	var rules []monitoring.Rule
	for _, n := range nodes {
		baseline := float64(n.Type().BaselinePercent) / 100
		if baseline == 0 {
			continue
		}
		rules = append(rules, monitoring.Rule{
			Record: nodeCPUPaid, Expr: fmt.Sprintf("vector(%g)", max(baseline, n.ExpectedLoad())),
			Labels: map[string]string{"node": n.Name, "purpose": n.Purpose},
		})
	}
	return append(rules,
		monitoring.Alert("CPUCreditsBilled", monitoring.Warning, "6h",
			fmt.Sprintf("avg_over_time(%s[24h]) > on (node) group_left (purpose) %s", monitoring.NodeCPUMetric, nodeCPUPaid),
			"node {{ $labels.node }} ({{ $labels.purpose }}) used {{ $value | humanizePercentage }} of its CPU in a day: credits are billed beyond the estimate"),
		monitoring.Alert("CPUSlowedDown", monitoring.Warning, "15m",
			`avg by (node) (rate(node_cpu_seconds_total{mode="steal"}[5m])) > 0.1`,
			"node {{ $labels.node }} loses {{ $value | humanizePercentage }} of its CPU time: its CPU credits are spent, or its host is busy"))
}
