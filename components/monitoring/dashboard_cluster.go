package monitoring

// nodeVariable offers nodes by name; a node is named for its purpose.
var nodeVariable = variable{Name: "node", Label: "node", Series: nodeExpected}

// clusterDashboard shows whether everything runs, and each node's resources.
func clusterDashboard() dashboard {
	const fs = `{node=~"$node",` + dataFilesystems + `}`
	return dashboard{
		UID: "cluster", Title: "Cluster and nodes", Variables: []variable{nodeVariable},
		Rows: []row{
			{Title: "Now", Panels: []panel{
				one("Nodes ready", number, unitShort, `sum(kube_node_status_condition{condition="Ready",status="true"})`, ""),
				one("Nodes missing", number, unitShort, `count(`+nodeExpected+` unless on (node) (kube_node_status_condition{condition="Ready",status="true"} == 1)) or vector(0)`, "").colour(0, 1),
				one("Pods pending", number, unitShort, `sum(kube_pod_status_phase{phase="Pending"})`, "").colour(1, 3),
				one("Restarts in an hour", number, unitShort, `sum(increase(kube_pod_container_status_restarts_total[1h]))`, "").colour(1, 5),
				one("Alerts firing", number, unitShort, `sum(ALERTS{alertstate="firing"}) or vector(0)`, "").colour(1, 3),
				one("Not read", number, unitShort, `count(up == 0) or vector(0)`, "").colour(0, 1),
			}},
			{Title: "Nodes", Panels: []panel{
				one("CPU", overTime, unitShare, nodeCPU+`{node=~"$node"}`, "{{node}}"),
				one("Memory", overTime, unitShare, nodeMemory+`{node=~"$node"}`, "{{node}}"),
				one("Disk used", bars, unitShare, "1 - node_filesystem_avail_bytes"+fs+" / node_filesystem_size_bytes"+fs, "{{node}} {{mountpoint}}").colour(0.7, 0.9),
			}},
			{Title: "Traffic", Panels: []panel{
				one("Received", overTime, unitBytesPerSec, `sum by (node) (rate(node_network_receive_bytes_total{node=~"$node",device!~"lo|cali.*|vxlan.*"}[$__rate_interval]))`, "{{node}}"),
				one("Sent", overTime, unitBytesPerSec, `sum by (node) (rate(node_network_transmit_bytes_total{node=~"$node",device!~"lo|cali.*|vxlan.*"}[$__rate_interval]))`, "{{node}}"),
				one("Disk busy", overTime, unitShare, `max by (node) (rate(node_disk_io_time_seconds_total{node=~"$node"}[$__rate_interval]))`, "{{node}}"),
			}},
			{Title: "Pods", Panels: []panel{
				one("Pods by node", overTime, unitShort, `count by (node) (kube_pod_info{node=~"$node"})`, "{{node}}"),
				one("CPU by pod", overTime, unitShort, `topk(10, sum by (namespace, pod) (rate(container_cpu_usage_seconds_total{node=~"$node",container!=""}[$__rate_interval])))`, "{{namespace}}/{{pod}}"),
				one("Memory by pod", overTime, unitBytes, `topk(10, sum by (namespace, pod) (container_memory_working_set_bytes{node=~"$node",container!=""}))`, "{{namespace}}/{{pod}}"),
			}},
			{Title: "Control plane", Panels: []panel{
				one("API server requests", overTime, unitRequests, `sum by (code) (rate(apiserver_request_total[$__rate_interval]))`, "{{code}}"),
				one("Certificates end in", bars, unitSeconds, CertificateExpiryMetric+" - time()", "{{certificate}}"),
				one("Join token ends in", number, unitSeconds, JoinTokenExpiryMetric+" - time()", ""),
			}},
		},
	}
}
