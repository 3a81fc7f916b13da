package stacks

import (
	"fmt"

	"github.com/growbin/cluster/components/monitoring"
)

// nodeCPUPaid is the recorded CPU utilization of each node that its price and the estimate of the cost cover, 0 to 1.
const nodeCPUPaid = "node:cpu:paid"

// creditAlerts watch the CPU credits of burstable nodes. In unlimited mode CPU time above the baseline is billed: the estimate
// has that of the expected load. In standard mode the node is slowed down, which its kernel sees as stolen time.
func creditAlerts(nodes []Node) alertGroup {
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
	rules = append(rules,
		monitoring.Alert("CPUCreditsBilled", monitoring.Warning, "6h",
			fmt.Sprintf("avg_over_time(%s[24h]) > on (node) group_left (purpose) %s", monitoring.NodeCPUMetric, nodeCPUPaid),
			"node {{ $labels.node }} ({{ $labels.purpose }}) used {{ $value | humanizePercentage }} of its CPU in a day: credits are billed beyond the estimate"),
		monitoring.Alert("CPUSlowedDown", monitoring.Warning, "15m",
			`avg by (node) (rate(node_cpu_seconds_total{mode="steal"}[5m])) > 0.1`,
			"node {{ $labels.node }} loses {{ $value | humanizePercentage }} of its CPU time: its CPU credits are spent, or its host is busy"))
	return alertGroup{"credits", rules, []RunbookEntry{{
		Alert: "CPUCreditsBilled",
		English: Explanation{
			Means: "A `t3` node used more CPU in a day than its price and the estimate cover: surplus credits are billed.",
			Look:  "`growbin cost -s STACK` has the credits at the expected load; the dashboard \"Load against bands\".",
			Do: "[docs/cost.md](cost.md) names cheaper types at this load; change `InstanceType`, or correct `Band` in " +
				"`stacks/topology.go`.",
		},
		Korean: Explanation{
			Means: "`t3` 노드가 하루 동안 가격과 견적에 포함된 것보다 CPU를 많이 썼습니다. 초과 크레딧이 청구됩니다.",
			Look:  "`growbin cost -s STACK`이 예상 부하의 크레딧 비용을 보여 줍니다. 대시보드 \"Load against bands\".",
			Do: "이 부하에서 더 싼 타입은 [docs/cost.md](../cost.md)에 있습니다. `InstanceType`을 바꾸거나 `stacks/topology.go`의 `Band`를 " +
				"고칩니다.",
		},
	}, {
		Alert: "CPUSlowedDown",
		English: Explanation{
			Means: "A node has got less CPU time than it asked for, for 15 minutes. With `creditSpecification: standard` its credits " +
				"are spent.",
			Look: "`CPUCreditBalance` of the instance in CloudWatch; 0 means spent credits, more means a busy host.",
			Do: "set `creditSpecification: unlimited`, which bills the time, or a type without credits; with credits left, replace " +
				"the node with `growbin roll`.",
		},
		Korean: Explanation{
			Means: "노드가 15분 동안 요청한 만큼 CPU 시간을 받지 못했습니다. `creditSpecification: standard`라면 크레딧을 다 쓴 것입니다.",
			Look:  "CloudWatch에서 인스턴스의 `CPUCreditBalance`. 0이면 크레딧 소진, 아니면 호스트가 바쁜 것입니다.",
			Do: "`creditSpecification: unlimited`로 바꾸면 초과분이 청구되고, 크레딧이 없는 타입도 쓸 수 있습니다. 크레딧이 남아 있으면 " +
				"`growbin roll`로 노드를 교체합니다.",
		},
	}}}
}
