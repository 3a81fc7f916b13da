package monitoring

import "fmt"

// Series recorded by the rules of this file, each with the label "node".
const (
	nodeExpected = "node:expected"           // 1 for each node of the arguments, with its purpose
	nodeCPU      = "node:cpu:utilisation"    // share of CPU time not idle, 0 to 1
	nodeMemory   = "node:memory:utilisation" // share of memory not available, 0 to 1
	nodeLoad     = "node:load:utilisation"   // the greater of both
	nodeBandLow  = "node:band:low"           // expected load, lower end, 0 to 1
	nodeBandHigh = "node:band:high"          // expected load, upper end, 0 to 1
)

// dataFilesystems are the kinds of file system that fill up: not tmpfs, not the containers' overlays.
const dataFilesystems = `fstype=~"ext4|xfs"`

func nodeRules() []rule {
	free := fmt.Sprintf("node_filesystem_avail_bytes{%s} / node_filesystem_size_bytes{%s}", dataFilesystems, dataFilesystems)
	return []rule{
		alert("NodeDown", critical, "3m", fmt.Sprintf("up{job=%q} == 0", jobNodeExporter),
			"{{ $labels.node }} does not answer"),
		alert("NodeNotReady", critical, "5m", `kube_node_status_condition{condition="Ready",status="true"} == 0`,
			"{{ $labels.node }} is not Ready: no pod is placed on it, and its pods will be evicted"),
		alert("NodeMissing", critical, "10m", nodeExpected+" unless on (node) kube_node_info",
			"{{ $labels.node }} ({{ $labels.purpose }}) is not in the cluster"),
		alert("DiskFilling", warning, "30m",
			fmt.Sprintf("%s < 0.4 and predict_linear(node_filesystem_avail_bytes{%s}[6h], 24 * 3600) < 0", free, dataFilesystems),
			"{{ $labels.mountpoint }} on {{ $labels.node }} will be full within a day; {{ $value | humanizePercentage }} is free"),
		alert("DiskFull", critical, "5m", free+" < 0.1",
			"{{ $labels.mountpoint }} on {{ $labels.node }} has {{ $value | humanizePercentage }} free"),
		alert("TargetDown", warning, "10m", fmt.Sprintf("up{job!=%q} == 0", jobNodeExporter),
			"{{ $labels.instance }} ({{ $labels.job }}) cannot be read: what it says is unknown"),
	}
}

// loadRules compare each node's load with the band that is expected of it.
func loadRules(nodes []Node) []rule {
	rules := []rule{
		{Record: nodeCPU, Expr: fmt.Sprintf(`1 - avg by (node) (rate(node_cpu_seconds_total{job=%q,mode="idle"}[5m]))`, jobNodeExporter)},
		{Record: nodeMemory, Expr: fmt.Sprintf("1 - sum by (node) (node_memory_MemAvailable_bytes{job=%[1]q}) / sum by (node) (node_memory_MemTotal_bytes{job=%[1]q})", jobNodeExporter)},
		{Record: nodeLoad, Expr: fmt.Sprintf("(%[1]s > %[2]s) or %[2]s", nodeCPU, nodeMemory)},
	}
	banded := false
	for _, n := range nodes {
		labels := map[string]string{"node": n.Name, "purpose": n.Purpose}
		rules = append(rules, rule{Record: nodeExpected, Expr: "vector(1)", Labels: labels})
		if n.Band == nil {
			continue
		}
		banded = true
		rules = append(rules,
			rule{Record: nodeBandLow, Expr: fmt.Sprintf("vector(%g)", float64(n.Band.LowPercent)/100), Labels: labels},
			rule{Record: nodeBandHigh, Expr: fmt.Sprintf("vector(%g)", float64(n.Band.HighPercent)/100), Labels: labels})
	}
	if banded {
		rules = append(rules, alert("BandExceeded", warning, "30m",
			fmt.Sprintf("%s > on (node) group_left (purpose) %s", nodeLoad, nodeBandHigh),
			"{{ $labels.node }} ({{ $labels.purpose }}) carries {{ $value | humanizePercentage }}, more than is expected of it"))
	}
	return rules
}
