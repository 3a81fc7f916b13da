package awssim

import (
	"maps"
	"slices"
	"strings"
	"time"
)

const targetGroupToken = "aws:lb/targetGroup:TargetGroup"

// targetGroup is a set of instances that a load balancer forwards to.
type targetGroup struct {
	arn, name string
	port      int
	vpc       *vpc
	users     map[string]bool // listeners and rules
	targets   map[string]*targetGroupAttachment
	// detection is the time after which the health checks have found that a target does not answer.
	detection time.Duration
}

var targetGroupType = define(resourceType{
	token: targetGroupToken, title: "ELBv2 Target Group",
	source: "internal/service/elbv2/target_group.go",
	inputs: properties{
		"deregistrationDelay": {kind: whole, fallback: float64(300), valid: within(0, 3600)}, // seconds
		"healthCheck": {kind: block, computed: true, fields: properties{
			"enabled":            {kind: flag, fallback: true},
			"healthyThreshold":   {kind: whole, fallback: float64(3), valid: within(2, 10)},
			"interval":           {kind: whole, fallback: float64(30), valid: within(5, 300)}, // seconds
			"matcher":            {kind: text, computed: true},
			"path":               {kind: text, computed: true},
			"port":               {kind: text, fallback: "traffic-port"},
			"protocol":           {kind: text, fallback: "HTTP", oneOf: []string{"HTTP", "HTTPS"}},
			"timeout":            {kind: whole, computed: true, valid: within(2, 120)}, // seconds
			"unhealthyThreshold": {kind: whole, fallback: float64(3), valid: within(2, 10)},
		}},
		"loadBalancingAlgorithmType": {kind: text, computed: true, oneOf: []string{"round_robin", "least_outstanding_requests", "weighted_random"}},
		"name":                       {kind: text, replaces: true, computed: true, valid: validLoadBalancerName},
		"port":                       {kind: whole, required: true, replaces: true, valid: within(1, 65535)},
		"protocol":                   {kind: text, required: true, replaces: true, oneOf: []string{"HTTP"}},
		"protocolVersion":            {kind: text, replaces: true, computed: true, oneOf: []string{"HTTP1"}},
		"slowStart":                  {kind: whole, fallback: float64(0), valid: within(0, 900)}, // seconds
		"targetType":                 {kind: text, replaces: true, fallback: "instance", oneOf: []string{"instance"}},
		"vpcId":                      {kind: text, required: true, replaces: true},
	},
	outputs: []string{"arn", "arnSuffix", "loadBalancerArns"},
	refused: []string{
		"connectionTermination", "ipAddressType", "lambdaMultiValueHeadersEnabled", "loadBalancingAnomalyMitigation",
		"loadBalancingCrossZoneEnabled", "namePrefix", "preserveClientIp", "proxyProtocolV2", "stickiness", "targetFailovers",
		"targetGroupHealth", "targetHealthStates",
	},
	tagged:   true,
	autoname: "name", autonamed: shortName,
	check: func(in values) []Problem {
		h := in.block("healthCheck")
		if h.has("timeout") && h.has("interval") && h.whole("timeout") >= h.whole("interval") {
			return []Problem{{"healthCheck.timeout", "must be smaller than the interval"}}
		}
		return nil
	},
}, createTargetGroup, nil, deleteTargetGroup)

func createTargetGroup(t *call) (string, *targetGroup, error) {
	const operation = "CreateTargetGroup"
	v, err := t.c.vpcNamed(operation, t.in.text("vpcId"))
	if err != nil {
		return "", nil, refuseELB(operation, "ValidationError", "The VPC ID '%s' is not found", t.in.text("vpcId"))
	}
	name := t.in.text("name")
	for _, other := range t.c.targetGroups {
		if other.name == name {
			return "", nil, refuseELB(operation, "DuplicateTargetGroupName", "A target group with the same name '%s' exists, but with different settings", name)
		}
	}
	g := &targetGroup{name: name, port: t.in.whole("port"), vpc: v, users: map[string]bool{}, targets: map[string]*targetGroupAttachment{}}
	g.arn = t.c.arn("elasticloadbalancing", "targetgroup/"+name+"/"+t.c.digits("tg", t.name, 16))
	health := t.in.block("healthCheck")
	g.detection = time.Duration(health.whole("interval")*health.whole("unhealthyThreshold")) * time.Second
	t.c.targetGroups[g.arn] = g
	return g.arn, g, nil
}

func deleteTargetGroup(t *call, g *targetGroup) error {
	if len(g.users) > 0 {
		return refuseELB("DeleteTargetGroup", "ResourceInUse", "Target group '%s' is currently in use by a listener or a rule", g.arn)
	}
	for id := range g.targets { // they go with their group
		t.c.forget(targetGroupAttachmentToken, id)
	}
	delete(t.c.targetGroups, g.arn)
	return nil
}

func (g *targetGroup) attributes(c *Cloud) values {
	balancers := map[string]bool{}
	for user := range g.users {
		if l := c.balancerOf(user); l != nil {
			balancers[l.arn] = true
		}
	}
	return values{
		"arn": g.arn, "arnSuffix": g.arn[strings.Index(g.arn, "targetgroup/"):], "name": g.name, "protocolVersion": "HTTP1",
		"loadBalancerArns": anyList(slices.Sorted(maps.Keys(balancers))),
	}
}

// targetGroupNamed finds a target group for an operation.
func (c *Cloud) targetGroupNamed(operation, arn string) (*targetGroup, error) {
	if g := c.targetGroups[arn]; g != nil {
		return g, nil
	}
	return nil, refuseELB(operation, "TargetGroupNotFound", "Target group '%s' not found", arn)
}
