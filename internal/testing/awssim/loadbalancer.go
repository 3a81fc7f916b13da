package awssim

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

const loadBalancerToken = "aws:lb/loadBalancer:LoadBalancer"

// loadBalancerZone is the hosted zone of the DNS names of load balancers in ap-northeast-2.
const loadBalancerZone = "ZWKZPGTI48KDX"

// loadBalancer is an Application Load Balancer.
type loadBalancer struct {
	arn, name, dnsName string
	vpc                *vpc
	internal           bool
	protected          bool
	// nodes are its network interfaces, one in each subnet.
	nodes     []*instance
	listeners map[string]*listener
}

var loadBalancerName = regexp.MustCompile(`^[0-9A-Za-z]([0-9A-Za-z-]{0,30}[0-9A-Za-z])?$`)

// validLoadBalancerName holds for target groups too.
func validLoadBalancerName(value any) error {
	s := value.(string)
	if !loadBalancerName.MatchString(s) || strings.HasPrefix(s, "internal-") {
		return fmt.Errorf("%q must have 1 to 32 letters, digits and hyphens, no hyphen at either end, and not begin with internal-", s)
	}
	return nil
}

// shortName cuts a proposed name to 32 characters and keeps its random end, as Pulumi's provider does.
func shortName(proposed string) string {
	const limit, random = 32, 8
	if len(proposed) <= limit {
		return proposed
	}
	return strings.TrimRight(proposed[:limit-random], "-") + proposed[len(proposed)-random:]
}

var loadBalancerType = define(resourceType{
	token: loadBalancerToken, title: "ELBv2 Load Balancer",
	source: "internal/service/elbv2/load_balancer.go",
	inputs: properties{
		"accessLogs": {kind: block, fields: properties{
			"bucket": {kind: text, required: true}, "enabled": {kind: flag, fallback: false}, "prefix": {kind: text},
		}},
		"clientKeepAlive":                       {kind: whole, fallback: float64(3600), valid: within(60, 604800)},
		"desyncMitigationMode":                  {kind: text, fallback: "defensive", oneOf: []string{"monitor", "defensive", "strictest"}},
		"dropInvalidHeaderFields":               {kind: flag, fallback: false},
		"enableDeletionProtection":              {kind: flag, fallback: false},
		"enableHttp2":                           {kind: flag, fallback: true},
		"enableTlsVersionAndCipherSuiteHeaders": {kind: flag, fallback: false},
		"enableWafFailOpen":                     {kind: flag, fallback: false},
		"enableXffClientPort":                   {kind: flag, fallback: false},
		"enableZonalShift":                      {kind: flag, fallback: false},
		"idleTimeout":                           {kind: whole, fallback: float64(60), valid: within(1, 4000)}, // seconds
		"internal":                              {kind: flag, replaces: true, computed: true},
		"ipAddressType":                         {kind: text, computed: true, oneOf: []string{"ipv4"}},
		"loadBalancerType":                      {kind: text, replaces: true, fallback: "application", oneOf: []string{"application"}},
		"name":                                  {kind: text, replaces: true, computed: true, valid: validLoadBalancerName},
		"preserveHostHeader":                    {kind: flag, fallback: false},
		"securityGroups":                        {kind: textSet, computed: true},
		"subnets":                               {kind: textSet, computed: true},
		"xffHeaderProcessingMode":               {kind: text, fallback: "append", oneOf: []string{"append", "preserve", "remove"}},
	},
	outputs: []string{"arn", "arnSuffix", "dnsName", "vpcId", "zoneId"},
	refused: []string{
		"connectionLogs", "customerOwnedIpv4Pool", "dnsRecordClientRoutingPolicy", "enableCrossZoneLoadBalancing",
		"enforceSecurityGroupInboundRulesOnPrivateLinkTraffic", "ipamPools", "minimumLoadBalancerCapacity", "namePrefix", "subnetMappings",
	},
	tagged:   true,
	autoname: "name", autonamed: shortName,
}, createLoadBalancer, updateLoadBalancer, deleteLoadBalancer)

func createLoadBalancer(t *call) (string, *loadBalancer, error) {
	const operation = "CreateLoadBalancer"
	name := t.in.text("name")
	for _, other := range t.c.loadBalancers {
		if other.name == name {
			return "", nil, refuseELB(operation, "DuplicateLoadBalancerName", "A load balancer with the same name '%s' exists", name)
		}
	}
	l := &loadBalancer{name: name, internal: t.in.flag("internal"), listeners: map[string]*listener{}}
	id := t.c.digits("lb", t.name, 16)
	l.arn = t.c.arn("elasticloadbalancing", "loadbalancer/app/"+name+"/"+id)
	if err := t.checkAccessLogs(); err != nil {
		return "", nil, err
	}
	if err := l.place(t, operation); err != nil {
		return "", nil, err
	}
	l.dnsName = fmt.Sprintf("%s-%d.%s.elb.amazonaws.com", name, hashcode(id), t.c.options.Region)
	l.protected = t.in.flag("enableDeletionProtection")
	t.c.loadBalancers[l.arn] = l
	return l.arn, l, nil
}

// place gives the load balancer an interface in each of the requested subnets.
func (l *loadBalancer) place(t *call, operation string) error {
	zones := map[string]bool{}
	var subnets []*subnet
	for _, id := range t.in.texts("subnets") {
		s, err := t.c.subnetNamed(operation, id)
		if err != nil {
			return refuseELB(operation, "SubnetNotFound", "The subnet ID '%s' does not exist", id)
		}
		if zones[s.zone.name] {
			return refuseELB(operation, "InvalidConfigurationRequest", "A load balancer cannot be attached to multiple subnets in the same Availability Zone")
		}
		zones[s.zone.name] = true
		if !l.internal && s.vpc.gateway == nil {
			return refuseELB(operation, "InvalidSubnet", "VPC %s has no internet gateway", s.vpc.id)
		}
		subnets = append(subnets, s)
	}
	if len(zones) < 2 {
		return refuseELB(operation, "ValidationError", "At least two subnets in two different Availability Zones must be specified")
	}
	v := subnets[0].vpc
	groups, err := t.loadBalancerGroups(operation, v)
	if err != nil {
		return err
	}
	for _, n := range l.nodes {
		if !slices.Contains(subnets, n.subnet) {
			l.withdraw(t.c, n)
		}
	}
	l.nodes = slices.DeleteFunc(l.nodes, func(n *instance) bool { return !slices.Contains(subnets, n.subnet) })
	for _, s := range subnets {
		if slices.ContainsFunc(l.nodes, func(n *instance) bool { return n.subnet == s }) {
			continue
		}
		n := &instance{id: t.c.newID("eni", t.name), subnet: s, state: "running", tags: map[string]string{"Name": l.name}}
		n.logicalName, n.wantsPublic = t.name+"/"+s.zone.name, !l.internal
		if n.private, err = s.reserve(operation, "", "lb/"+n.logicalName); err != nil {
			return err
		}
		if err := t.c.assignPublic(n); err != nil {
			return err
		}
		s.interfaces[n.id] = true
		l.nodes = append(l.nodes, n)
	}
	for _, n := range l.nodes {
		n.setGroups(groups)
	}
	l.vpc = v
	return nil
}

func (t *call) loadBalancerGroups(operation string, v *vpc) ([]*securityGroup, error) {
	var groups []*securityGroup
	for _, id := range t.in.texts("securityGroups") {
		g := t.c.groups[id]
		if g == nil || g.vpc != v {
			return nil, refuseELB(operation, "InvalidSecurityGroup", "One or more security groups are invalid: %s", id)
		}
		groups = append(groups, g)
	}
	if groups == nil {
		return []*securityGroup{v.defaultGroup}, nil
	}
	return groups, nil
}

func (l *loadBalancer) withdraw(c *Cloud, n *instance) {
	n.setGroups(nil)
	c.releasePublic(n)
	n.subnet.pool.release(n.private)
	delete(n.subnet.interfaces, n.id)
}

func updateLoadBalancer(t *call, l *loadBalancer) error {
	if err := t.checkAccessLogs(); err != nil {
		return err
	}
	l.protected = t.in.flag("enableDeletionProtection")
	if !t.changed("subnets") && !t.changed("securityGroups") {
		return nil
	}
	return l.place(t, "SetSubnets")
}

func deleteLoadBalancer(t *call, l *loadBalancer) error {
	if l.protected {
		return refuseELB("DeleteLoadBalancer", "OperationNotPermitted", "Load balancer '%s' cannot be deleted because deletion protection is enabled", l.arn)
	}
	for _, n := range l.nodes {
		l.withdraw(t.c, n)
	}
	for _, listener := range l.listeners { // they go with their load balancer
		listener.drop(t.c)
		t.c.forget(listenerToken, listener.arn)
	}
	delete(t.c.loadBalancers, l.arn)
	return nil
}

func (l *loadBalancer) attributes(*Cloud) values {
	out := values{
		"arn": l.arn, "arnSuffix": l.arn[strings.Index(l.arn, "app/"):], "dnsName": l.dnsName, "vpcId": l.vpc.id, "zoneId": loadBalancerZone,
		"name": l.name, "internal": l.internal, "ipAddressType": "ipv4",
	}
	subnets := []any{}
	for _, n := range l.nodes {
		subnets, out["securityGroups"] = append(subnets, n.subnet.id), n.groupIDs()
	}
	out["subnets"] = subnets
	return out
}

// loadBalancerNamed finds a load balancer for an operation.
func (c *Cloud) loadBalancerNamed(operation, arn string) (*loadBalancer, error) {
	if l := c.loadBalancers[arn]; l != nil {
		return l, nil
	}
	return nil, refuseELB(operation, "LoadBalancerNotFound", "Load balancer '%s' not found", arn)
}
