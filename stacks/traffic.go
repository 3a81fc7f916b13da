package stacks

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/bucket"
	"github.com/growbin/cluster/components/loadbalancer"
)

// Hosts below the setting domain.
const (
	hostAPI     = "api"
	hostArgoCD  = "argocd"
	hostGrafana = "grafana"
)

// route is a route of the load balancer whose targets are the nodes of a role, or one node.
type route struct {
	loadbalancer.Route
	role Role
	// node is the only target; empty for all nodes of the role.
	node string
}

// group returns the security group of the targets.
func (r route) group() string {
	if r.node == nodeMonitoring {
		return groupMonitoring
	}
	return string(r.role)
}

// routes derives the routes from the applications. Argo CD and Grafana, which people sign in to, need a domain for TLS, and
// are for administrators only.
func (s *Settings) routes() []route {
	var routes []route
	for _, a := range catalog {
		if a.Route != "" {
			routes = append(routes, route{role: RoleAPI, Route: loadbalancer.Route{
				Name: a.Name, Host: hostAPI, Path: a.Route, NodePort: a.NodePort, HealthPath: apiReadyPath,
			}})
		}
	}
	if s.Domain == "" || len(s.AdminCIDRs) == 0 {
		return routes
	}
	return append(routes,
		route{role: RoleControlPlane, node: ControlPlane(s.Nodes).Name, Route: loadbalancer.Route{
			Name: hostArgoCD, Host: hostArgoCD, NodePort: argoCDNodePort, HealthPath: "/healthz", FromCIDRs: s.AdminCIDRs,
		}},
		route{role: RoleInfrastructure, node: nodeMonitoring, Route: loadbalancer.Route{
			Name: hostGrafana, Host: hostGrafana, NodePort: grafanaNodePort, HealthPath: "/api/health", FromCIDRs: s.AdminCIDRs,
		}})
}

// hostName returns the full name of a host that the load balancer serves; empty if it does not serve it.
func (s *Settings) hostName(host string) string {
	for _, r := range s.routes() {
		if r.Host == host && s.Domain != "" {
			return host + "." + s.Domain
		}
	}
	return ""
}

// newLoadBalancer creates the load balancer in front of the nodes.
func newLoadBalancer(ctx *pulumi.Context, s *Settings, i *infrastructure, provider *aws.Provider) (*loadbalancer.LoadBalancer, error) {
	if s.Domain == "" {
		if err := ctx.Log.Warn(ConfigPrefix+"domain: not set; the APIs are served by plain HTTP, and Argo CD and Grafana not at all", nil); err != nil {
			return nil, err
		}
	}
	args := &loadbalancer.LoadBalancerArgs{
		VpcID: i.VpcID.ToStringOutput(), SecurityGroupIDs: pulumi.StringArray{i.SecurityGroupID(groupLoadBalancer)},
		Domain: s.Domain, HostedZone: s.HostedZone, ReplaceRecords: s.ReplaceRecords, AnswerSeconds: answerSeconds, DeletionProtection: s.DeletionProtection,
		MaxRequests: s.MaxRequests,
	}
	after := []pulumi.Resource{i.Vpc}
	if s.AccessLogDays > 0 {
		logs, err := bucket.NewBucket(ctx, s.ClusterName()+"-access-logs", &bucket.BucketArgs{
			NoncurrentDays: 1, ExpireDays: s.AccessLogDays, LoadBalancerLogs: true, DeletionProtection: s.DeletionProtection,
		}, pulumi.Provider(provider))
		if err != nil {
			return nil, err
		}
		args.AccessLogs, after = logs.Name, append(after, logs.Writable...) // AWS tries to write
	}
	for _, zone := range s.AvailabilityZones {
		args.SubnetIDs = append(args.SubnetIDs, i.Vpc.PublicSubnets[zone].ID())
	}
	for _, r := range s.routes() {
		r.Targets = map[string]pulumi.StringInput{}
		for _, n := range s.nodesWithSurge() {
			if n.Role == r.role && (r.node == "" || r.node == n.Name) {
				r.Targets[n.Name] = i.Instances[n.Name].InstanceID
			}
		}
		args.Routes = append(args.Routes, r.Route)
	}
	return loadbalancer.NewLoadBalancer(ctx, s.ClusterName(), args, pulumi.Provider(provider), pulumi.DependsOn(after))
}
