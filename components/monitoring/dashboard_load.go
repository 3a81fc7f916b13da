package monitoring

// loadDashboard compares what each node carries with what is expected of it: a node above its band needs help, one
// below it is paid for nothing.
func loadDashboard() dashboard {
	const of = `{node=~"$node"}`
	return dashboard{
		UID: "load", Title: "Load against bands", Variables: []variable{nodeVariable},
		Rows: []row{
			{Title: "Now", Panels: []panel{
				one("Load", bars, unitShare, nodeLoad+of, "{{node}}").colour(0.7, 0.85),
				one("Above band by", bars, unitShare, nodeLoad+of+" - on (node) group_left (purpose) "+nodeBandHigh+" > 0 or 0 * "+nodeBandHigh+of, "{{node}}: {{purpose}}").colour(0.01, 0.1),
				one("Below band by", bars, unitShare, nodeBandLow+of+" - on (node) group_left () "+nodeLoad+" > 0 or 0 * "+nodeBandLow+of, "{{node}}: {{purpose}}").colour(0.2, 0.4),
			}},
			{Title: "Over time", Panels: []panel{
				{Title: "Load and band", Kind: overTime, Unit: unitShare, Queries: []query{
					{nodeLoad + of, "{{node}}"},
					{nodeBandLow + of, "{{node}} from"},
					{nodeBandHigh + of, "{{node}} to"},
				}},
				one("Share of a day above band", overTime, unitShare, `avg_over_time((`+nodeLoad+of+` > bool on (node) `+nodeBandHigh+`)[1d:5m])`, "{{node}}"),
			}},
			{Title: "Asked for", Panels: []panel{
				one("CPU requested of allocatable", bars, unitShare, `sum by (node) (kube_pod_container_resource_requests{resource="cpu",node=~"$node"}) / on (node) kube_node_status_allocatable{resource="cpu"}`, "{{node}}").colour(0.8, 0.95),
				one("Memory requested of allocatable", bars, unitShare, `sum by (node) (kube_pod_container_resource_requests{resource="memory",node=~"$node"}) / on (node) kube_node_status_allocatable{resource="memory"}`, "{{node}}").colour(0.8, 0.95),
			}},
		},
	}
}
