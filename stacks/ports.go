package stacks

import "github.com/growbin/cluster/components/securitygroup"

// openPorts is the table of ports that are open between nodes or to given addresses, beyond those of Kubernetes, the pod network
// and administrators. It is empty: pods reach each other through the pod network. To open a port, add a row, e.g.
//
//	{
//		Group: string(RoleAPI), From: []string{string(RoleWorker)}, Protocol: "tcp", FromPort: 30080, ToPort: 30080,
//		Description: "Workers to a node port of the APIs",
//	},
var openPorts = []securitygroup.Rule{}
