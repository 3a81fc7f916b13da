package stacks

import "github.com/growbin/cluster/components/securitygroup"

// groupLoadBalancer is the security group of the load balancer, the only one that is open to the world.
const groupLoadBalancer = "load-balancer"

// groupMonitoring is the security group of the one node that scrapes all others. The nodes of the stores share its role, and
// reach no kubelet.
const groupMonitoring = "monitoring"

// Node ports of the services that the load balancer reaches, beside Application.NodePort. Argo CD's chart takes 30443 itself.
const (
	argoCDNodePort  = 30442
	grafanaNodePort = 30300
)

// openPorts is the table of ports that are open between nodes or to given addresses, beyond those of Kubernetes, the pod network,
// administrators and the load balancer. It is empty: pods reach each other through the pod network. To open a port, add a row, e.g.
//
//	{
//		Group: string(RoleAPI), From: []string{string(RoleWorker)}, Protocol: "tcp", FromPort: 31080, ToPort: 31080,
//		Description: "Workers to a node port of the APIs",
//	},
var openPorts = []securitygroup.Rule{}

// trafficRules let the world reach the load balancer, and the load balancer the node ports of the routes.
func (s *Settings) trafficRules() []securitygroup.Rule {
	world := func(port int, why string) securitygroup.Rule {
		return securitygroup.Rule{
			Group: groupLoadBalancer, FromCIDRs: []string{"0.0.0.0/0"}, Protocol: "tcp", FromPort: port, ToPort: port, Description: why,
		}
	}
	rules := []securitygroup.Rule{world(80, "Users by HTTP")}
	if s.Domain != "" {
		rules = append(rules, world(443, "Users by HTTPS"))
	}
	for _, r := range s.routes() {
		rules = append(rules, securitygroup.Rule{
			Group: r.group(), From: []string{groupLoadBalancer}, Protocol: "tcp", FromPort: r.NodePort, ToPort: r.NodePort,
			Description: "Load balancer to " + r.Name,
		})
	}
	return rules
}
