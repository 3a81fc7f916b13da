package monitoring

import "fmt"

// Series recorded for every node, with the label "node".
const (
	// NodeLoadMetric is the greater of CPU and memory utilization, 0 to 1.
	NodeLoadMetric = "node:load:utilisation"
	// NodeCPUMetric is the share of CPU time that is not idle, 0 to 1.
	NodeCPUMetric = "node:cpu:utilisation"

	nodeExpected = "node:expected"           // 1 for each node of the arguments, with its purpose
	nodeMemory   = "node:memory:utilisation" // share of memory not available, 0 to 1
)

// dataFilesystems excludes tmpfs and the containers' overlays: neither fills up a disk of its own.
const dataFilesystems = `fstype=~"ext4|xfs"`

func nodeRules(nodes []Node) []Rule {
	free := fmt.Sprintf("node_filesystem_avail_bytes{%s} / node_filesystem_size_bytes{%s}", dataFilesystems, dataFilesystems)
	return append(nodeSeries(nodes),
		Alert("NodeDown", Critical, "3m", fmt.Sprintf("up{job=%q} == 0", JobNodeExporter),
			"node {{ $labels.node }} is unreachable"),
		Alert("NodeNotReady", Critical, "5m", `kube_node_status_condition{condition="Ready",status="true"} == 0`,
			"node {{ $labels.node }} is not Ready: nothing is scheduled to it, and its pods will be evicted"),
		Alert("NodeMissing", Critical, "10m", nodeExpected+" unless on (node) kube_node_info",
			"node {{ $labels.node }} ({{ $labels.purpose }}) is not in the cluster"),
		Alert("DiskFilling", Warning, "30m",
			fmt.Sprintf("%s < 0.4 and predict_linear(node_filesystem_avail_bytes{%s}[6h], 24 * 3600) < 0", free, dataFilesystems),
			"{{ $labels.mountpoint }} on {{ $labels.node }} will be full within a day; {{ $value | humanizePercentage }} is free"),
		Alert("DiskFull", Critical, "5m", free+" < 0.1",
			"{{ $labels.mountpoint }} on {{ $labels.node }} has only {{ $value | humanizePercentage }} free"),
		Alert("TargetDown", Warning, "10m", fmt.Sprintf("up{job!=%q} == 0", JobNodeExporter),
			"{{ $labels.instance }} ({{ $labels.job }}) cannot be scraped: its metrics are missing"),
	)
}

// nodeSeries records the expected nodes and the utilization of the present ones.
func nodeSeries(nodes []Node) []Rule {
	rules := []Rule{
		{Record: NodeCPUMetric, Expr: fmt.Sprintf(`1 - avg by (node) (rate(node_cpu_seconds_total{job=%q,mode="idle"}[5m]))`, JobNodeExporter)},
		{Record: nodeMemory, Expr: fmt.Sprintf("1 - sum by (node) (node_memory_MemAvailable_bytes{job=%[1]q}) / sum by (node) (node_memory_MemTotal_bytes{job=%[1]q})", JobNodeExporter)},
		{Record: NodeLoadMetric, Expr: fmt.Sprintf("(%[1]s > %[2]s) or %[2]s", NodeCPUMetric, nodeMemory)},
	}
	for _, n := range nodes {
		rules = append(rules, Rule{Record: nodeExpected, Expr: "vector(1)", Labels: map[string]string{"node": n.Name, "purpose": n.Purpose}})
	}
	return rules
}
