package stacks

import (
	"fmt"

	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/components/validation"
)

// Recorded series of each node's expected load, 0 to 1, with the labels "node" and "purpose".
const (
	nodeBandLow  = "node:band:low"
	nodeBandHigh = "node:band:high"
)

// loadAlerts compare each node's load with its band.
func loadAlerts(nodes []Node) alertGroup {
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
	rules = append(rules, monitoring.Alert("BandExceeded", monitoring.Warning, "30m",
		fmt.Sprintf("%s > on (node) group_left (purpose) %s", monitoring.NodeLoadMetric, nodeBandHigh),
		"node {{ $labels.node }} ({{ $labels.purpose }}) has a load of {{ $value | humanizePercentage }}, above its expected band"))
	return alertGroup{"load", rules, []RunbookEntry{{
		Alert: "BandExceeded",
		English: Explanation{
			Means: "A node has been above its expected load for 30 minutes. Nothing is broken; room for a failure is gone.",
			Look:  `dashboard "Load against bands", then "API traffic" or "Celery tasks" for the cause.`,
			Do:    "a larger `InstanceType`, another node for one of its applications, or a corrected `Band` in `stacks/topology.go`.",
		},
		Korean: Explanation{
			Means: "노드의 부하가 30분 동안 예상 범위를 넘었습니다. 고장은 아니지만 장애에 대비한 여유가 없습니다.",
			Look:  `대시보드 "Load against bands", 원인은 "API traffic"이나 "Celery tasks".`,
			Do:    "`InstanceType`을 키우거나, 애플리케이션 하나를 다른 노드로 옮기거나, `stacks/topology.go`의 `Band`를 고칩니다.",
		},
	}}}
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
