package loadbalancer

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"

	"github.com/growbin/cluster/components/validation"
)

// DefaultAnswerSeconds is the time that AWS allows by default.
const DefaultAnswerSeconds = 60

// Ports of Kubernetes' node ports.
const (
	MinNodePort = 30000
	MaxNodePort = 32767
)

// LoadBalancerArgs describes an Application Load Balancer in front of node ports.
type LoadBalancerArgs struct {
	// VpcID is the VPC of the targets.
	VpcID pulumi.StringInput `pulumi:"vpcId"`
	// SubnetIDs are public subnets in at least two zones.
	SubnetIDs pulumi.StringArray `pulumi:"subnetIds"`
	// SecurityGroupIDs decide who reaches the load balancer, and which node ports it reaches.
	SecurityGroupIDs pulumi.StringArray `pulumi:"securityGroupIds"`
	// Domain is the parent of the hosts, e.g. example.com. Without one the load balancer speaks plain HTTP on the name that
	// AWS gives it. With one it speaks HTTPS, and redirects HTTP.
	Domain string `pulumi:"domain"`
	// ReplaceRecords takes over records of the hosts that exist in the zone; otherwise AWS refuses to create them.
	ReplaceRecords bool `pulumi:"replaceRecords"`
	// HostedZone is the Route 53 zone of Domain, which must exist; Domain itself when empty.
	HostedZone string `pulumi:"hostedZone"`
	// Routes decide which requests go where; all others are answered with 404.
	Routes []Route `pulumi:"routes"`
	// AnswerSeconds is the longest wait for the next byte of an answer, 1 to 3600; DefaultAnswerSeconds when 0. A node that
	// leaves has as long to complete its requests.
	AnswerSeconds int `pulumi:"answerSeconds"`
	// AccessLogs is the name of a bucket that AWS may write access logs to, see bucket.BucketArgs.LoadBalancerLogs; nil for no logs.
	AccessLogs pulumi.StringInput `pulumi:"accessLogs"`
	// MaxRequests is the number of requests from one address in five minutes above which AWS WAF answers 403, at least
	// MinMaxRequests; 0 for no limit.
	MaxRequests int `pulumi:"maxRequests"`
	// DeletionProtection protects the load balancer from deletion.
	DeletionProtection bool `pulumi:"deletionProtection"`
}

// MinMaxRequests is the least that AWS WAF takes.
const MinMaxRequests = 10

// Route forwards the requests of one service to its node port.
type Route struct {
	// Name is a DNS label, unique among the routes.
	Name string `pulumi:"name"`
	// Host is the label below Domain, e.g. api. It is ignored without a Domain.
	Host string `pulumi:"host"`
	// Path is the path and the prefix of the paths below it, e.g. /api/v1; empty for all paths of Host.
	Path string `pulumi:"path"`
	// NodePort is the port on every node, MinNodePort to MaxNodePort, unique among the routes.
	NodePort int `pulumi:"nodePort"`
	// HealthPath is requested on each node. Only nodes that answer with 200 get requests.
	HealthPath string `pulumi:"healthPath"`
	// Targets are the instance IDs of nodes, by node name.
	Targets map[string]pulumi.StringInput `pulumi:"targets"`
	// FromCIDRs are the IPv4 ranges that may use the route; everyone when empty.
	FromCIDRs []string `pulumi:"fromCidrs"`
}

// ruleValues is the maximum number of values in the conditions of a rule.
const ruleValues = 5

// paths are the patterns of the route's path.
func (r Route) paths() []string {
	if r.Path == "" {
		return nil
	}
	return []string{r.Path, r.Path + "/*"}
}

// ranges splits FromCIDRs into as many as fit into a rule each.
func (r Route) ranges(withHost bool) [][]string {
	if len(r.FromCIDRs) == 0 {
		return [][]string{nil}
	}
	free := ruleValues - len(r.paths())
	if withHost {
		free--
	}
	return slices.Collect(slices.Chunk(r.FromCIDRs, free))
}

// priorityStep keeps the priorities of a route's rules apart from those of other routes.
const priorityStep = MaxNodePort - MinNodePort + 1

// maxRules is the number of rules of a route whose priorities are at most 50,000, the maximum.
const maxRules = (50000-MaxNodePort)/priorityStep + 1

// priority derives from the node port, so that a new route changes no other one.
func (r Route) priority(rule int) int { return r.NodePort + rule*priorityStep }

func (a *LoadBalancerArgs) answerSeconds() int {
	if a.AnswerSeconds == 0 {
		return DefaultAnswerSeconds
	}
	return a.AnswerSeconds
}

// hosts returns the full names of all routes, sorted.
func (a *LoadBalancerArgs) hosts() []string {
	names := map[string]bool{}
	for _, r := range a.Routes {
		names[a.host(r)] = true
	}
	return slices.Sorted(maps.Keys(names))
}

func (a *LoadBalancerArgs) host(r Route) string { return r.Host + "." + a.Domain }

// Validate returns all problems of the arguments, joined.
func (a *LoadBalancerArgs) Validate() error {
	var problems validation.Problems
	if a.VpcID == nil {
		problems.NotSet("VpcID", "must be the VPC of the targets")
	}
	if len(a.SubnetIDs) < 2 {
		problems.Add("SubnetIDs", len(a.SubnetIDs), "must be public subnets in at least two zones")
	}
	if len(a.SecurityGroupIDs) == 0 {
		problems.NotSet("SecurityGroupIDs", "must hold at least one group")
	}
	if a.AnswerSeconds < 0 || a.AnswerSeconds > 3600 {
		problems.Add("AnswerSeconds", a.AnswerSeconds, "must be 1 to 3600, or 0 for %d", DefaultAnswerSeconds)
	}
	if a.MaxRequests != 0 && a.MaxRequests < MinMaxRequests {
		problems.Add("MaxRequests", a.MaxRequests, "must be at least %d, or 0 for no limit", MinMaxRequests)
	}
	if a.Domain != "" && len(utilvalidation.IsDNS1123Subdomain(a.Domain)) > 0 {
		problems.Add("Domain", a.Domain, "must be a domain, e.g. example.com")
	}
	if zone := a.HostedZone; zone != "" && a.Domain != zone && !strings.HasSuffix(a.Domain, "."+zone) {
		problems.Add("HostedZone", zone, "must be %q or a parent of it", a.Domain)
	}
	if len(a.Routes) == 0 {
		problems.NotSet("Routes", "must hold at least one route")
	}
	names, ports, places := map[string]bool{}, map[int]bool{}, map[string]bool{}
	for i, r := range a.Routes {
		field := fmt.Sprintf("Routes[%s]", r.Name)
		problems.Include(field, r.validate(a.Domain != ""))
		place := r.Path
		if a.Domain != "" {
			place = r.Host + r.Path
		}
		if i > 0 && (names[r.Name] || ports[r.NodePort] || places[place]) {
			problems.Add(field, r.NodePort, "must have a name, a node port and a path of its own")
		}
		names[r.Name], ports[r.NodePort], places[place] = true, true, true
	}
	return problems.Err()
}

func (r Route) validate(withDomain bool) error {
	var problems validation.Problems
	if len(utilvalidation.IsDNS1123Label(r.Name)) > 0 {
		problems.Add("Name", r.Name, "must be a DNS label, e.g. waste-api")
	}
	if withDomain && len(utilvalidation.IsDNS1123Label(r.Host)) > 0 {
		problems.Add("Host", r.Host, "must be a DNS label, e.g. api")
	}
	if !withDomain && r.Path == "" {
		problems.NotSet("Path", "must be a path, e.g. /api, without a Domain")
	}
	for field, path := range map[string]string{"Path": r.Path, "HealthPath": r.HealthPath} {
		if path != "" && (!strings.HasPrefix(path, "/") || strings.HasSuffix(path, "/") || strings.ContainsAny(path, "*?")) {
			problems.Add(field, path, "must begin with a slash, and hold no slash at its end and no wildcard")
		}
	}
	if r.HealthPath == "" {
		problems.NotSet("HealthPath", "must be a path that answers 200 when ready, e.g. /ready")
	}
	if r.NodePort < MinNodePort || r.NodePort > MaxNodePort {
		problems.Add("NodePort", r.NodePort, "must be %d to %d", MinNodePort, MaxNodePort)
	}
	if len(r.Targets) == 0 {
		problems.NotSet("Targets", "must hold at least one instance")
	}
	for _, cidr := range r.FromCIDRs {
		if prefix, err := netip.ParsePrefix(cidr); err != nil || !prefix.Addr().Is4() || prefix != prefix.Masked() {
			problems.Add("FromCIDRs", cidr, "must be an IPv4 range, e.g. 198.51.100.7/32")
		}
	}
	if rules := len(r.ranges(withDomain)); rules > maxRules {
		problems.Add("FromCIDRs", len(r.FromCIDRs), "must be ranges for at most %d rules, not %d", maxRules, rules)
	}
	return problems.Err()
}
