package awssim

import (
	"slices"
	"strings"
)

const listenerToken = "aws:lb/listener:Listener"

// listener is a port of a load balancer.
type listener struct {
	arn, protocol, policy string
	port                  int
	balancer              *loadBalancer
	certificate           *certificate
	action                values
	rules                 map[string]*listenerRule
}

// tlsPolicies are the security policies with TLS 1.2 and 1.3 only, and the one that AWS takes without a choice.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
var tlsPolicies = []string{
	defaultTLSPolicy, "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09", "ELBSecurityPolicy-TLS13-1-2-PQ-2025-09",
	"ELBSecurityPolicy-TLS13-1-2-Res-2021-06", "ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-TLS13-1-3-2021-06",
}

const defaultTLSPolicy = "ELBSecurityPolicy-2016-08"

// actionFields are those of the actions of listeners and rules.
var actionFields = properties{
	"type": {kind: text, required: true, oneOf: []string{"forward", "redirect", "fixed-response"}},
	"fixedResponse": {kind: block, fields: properties{
		"contentType": {kind: text, required: true, oneOf: []string{"text/plain", "text/css", "text/html", "application/javascript", "application/json"}},
		"messageBody": {kind: text},
		"statusCode":  {kind: text, computed: true},
	}},
	"redirect": {kind: block, fields: properties{
		"host": {kind: text, computed: true}, "path": {kind: text, computed: true}, "port": {kind: text, computed: true},
		"protocol": {kind: text, computed: true, oneOf: []string{"HTTP", "HTTPS"}}, "query": {kind: text, computed: true},
		"statusCode": {kind: text, required: true, oneOf: []string{"HTTP_301", "HTTP_302"}},
	}},
	"targetGroupArn": {kind: text, valid: validARN},
}

var listenerType = define(resourceType{
	token: listenerToken, title: "ELBv2 Listener",
	source: "internal/service/elbv2/listener.go",
	inputs: properties{
		"certificateArn":  {kind: text, valid: validARN},
		"defaultActions":  {kind: blocks, required: true, fields: actionFields},
		"loadBalancerArn": {kind: text, required: true, replaces: true, valid: validARN},
		"port":            {kind: whole, required: true, valid: within(1, 65535)},
		"protocol":        {kind: text, computed: true, oneOf: []string{"HTTP", "HTTPS"}},
		"sslPolicy":       {kind: text, computed: true},
	},
	outputs: []string{"arn"},
	refused: append([]string{"alpnPolicy", "mutualAuthentication", "tcpIdleTimeoutSeconds", "routingHttpResponseServerEnabled"}, headerNames()...),
	tagged:  true,
	check:   func(in values) []Problem { return actionProblems("defaultActions", in) },
}, createListener, updateListener, deleteListener)

// headerNames are the inputs that rename or set headers.
func headerNames() []string {
	var names []string
	for _, n := range []string{
		"XAmznMtlsClientcertHeaderName", "XAmznMtlsClientcertIssuerHeaderName", "XAmznMtlsClientcertLeafHeaderName",
		"XAmznMtlsClientcertSerialNumberHeaderName", "XAmznMtlsClientcertSubjectHeaderName", "XAmznMtlsClientcertValidityHeaderName",
		"XAmznTlsCipherSuiteHeaderName", "XAmznTlsVersionHeaderName",
	} {
		names = append(names, "routingHttpRequest"+n)
	}
	for _, n := range []string{
		"AccessControlAllowCredentials", "AccessControlAllowHeaders", "AccessControlAllowMethods", "AccessControlAllowOrigin",
		"AccessControlExposeHeaders", "AccessControlMaxAge", "ContentSecurityPolicy", "StrictTransportSecurity", "XContentTypeOptions",
		"XFrameOptions",
	} {
		names = append(names, "routingHttpResponse"+n+"HeaderValue")
	}
	return names
}

// actionProblems requires the block that belongs to the type of each action.
func actionProblems(path string, in values) []Problem {
	var found []Problem
	for _, action := range in.blocks(path) {
		needs := map[string]string{"forward": "targetGroupArn", "redirect": "redirect", "fixed-response": "fixedResponse"}[action.text("type")]
		if needs != "" && !action.has(needs) && !action.isUnknown(needs) {
			found = append(found, Problem{path, "an action of type " + action.text("type") + " needs " + needs})
		}
	}
	return found
}

func createListener(t *call) (string, *listener, error) {
	const operation = "CreateListener"
	l, err := t.c.loadBalancerNamed(operation, t.in.text("loadBalancerArn"))
	if err != nil {
		return "", nil, err
	}
	n := &listener{balancer: l, rules: map[string]*listenerRule{}}
	n.arn = strings.Replace(l.arn, ":loadbalancer/", ":listener/", 1) + "/" + t.c.digits("listener", t.name, 16)
	if err := n.set(t, operation); err != nil {
		return "", nil, err
	}
	l.listeners[n.arn] = n
	t.c.listeners[n.arn] = n
	return n.arn, n, nil
}

func (n *listener) set(t *call, operation string) error {
	port, protocol, policy := t.in.whole("port"), t.in.text("protocol"), ""
	if protocol == "" {
		protocol = "HTTP"
	}
	for _, other := range n.balancer.listeners {
		if other != n && other.port == port {
			return refuseELB(operation, "DuplicateListener", "A listener already exists on this port for this load balancer '%s'", n.balancer.arn)
		}
	}
	var secret *certificate
	switch arn := t.in.text("certificateArn"); {
	case protocol == "HTTP" && arn != "":
		return refuseELB(operation, "InvalidConfigurationRequest", "A certificate cannot be specified for HTTP listeners")
	case protocol == "HTTPS" && arn == "":
		return refuseELB(operation, "ValidationError", "A certificate must be specified for HTTPS listeners")
	case protocol == "HTTPS":
		if secret = t.c.certificates[arn]; secret == nil {
			return refuseELB(operation, "CertificateNotFound", "Certificate '%s' not found", arn)
		}
		if !secret.issued {
			return refuseELB(operation, "UnsupportedCertificate",
				"The certificate '%s' must have a fully-qualified domain name, a supported signature, and a supported key size.", arn)
		}
		if policy = t.in.text("sslPolicy"); policy == "" {
			policy = defaultTLSPolicy
		}
		if !slices.Contains(tlsPolicies, policy) {
			return refuseELB(operation, "SSLPolicyNotFound", "SSL policy '%s' not found", policy)
		}
	}
	action, err := t.c.action(operation, n.balancer, t.in.blocks("defaultActions"))
	if err != nil {
		return err
	}
	n.drop(nil)
	n.port, n.protocol, n.policy, n.action, n.certificate = port, protocol, policy, action, secret
	if secret != nil {
		secret.users[n.arn] = true
	}
	t.c.use(action, n.arn)
	return nil
}

// action returns the only action, whose target group must be usable by the load balancer.
func (c *Cloud) action(operation string, l *loadBalancer, actions []values) (values, error) {
	if len(actions) != 1 {
		return nil, refuseELB(operation, "InvalidLoadBalancerAction", "exactly one action is modeled by the simulated AWS, not %d", len(actions))
	}
	if arn := actions[0].text("targetGroupArn"); arn != "" {
		g, err := c.targetGroupNamed(operation, arn)
		if err != nil {
			return nil, err
		}
		if g.vpc != l.vpc {
			return nil, refuseELB(operation, "InvalidConfigurationRequest", "The target group '%s' is in another VPC than the load balancer", arn)
		}
		for user := range g.users {
			if other := c.balancerOf(user); other != nil && other != l {
				return nil, refuseELB(operation, "TargetGroupAssociationLimit", "The following target groups cannot be associated with more than one load balancer: %s", arn)
			}
		}
	}
	return actions[0], nil
}

// balancerOf returns the load balancer of a listener or a rule.
func (c *Cloud) balancerOf(arn string) *loadBalancer {
	if n := c.listeners[arn]; n != nil {
		return n.balancer
	}
	if r := c.listenerRules[arn]; r != nil {
		return r.listener.balancer
	}
	return nil
}

// use records that a listener or a rule forwards to a target group.
func (c *Cloud) use(action values, user string) {
	if g := c.targetGroups[action.text("targetGroupArn")]; g != nil {
		g.users[user] = true
	}
}

// drop removes the listener's uses and, with a cloud, the listener and its rules.
func (n *listener) drop(c *Cloud) {
	if n.certificate != nil {
		delete(n.certificate.users, n.arn)
	}
	if c == nil {
		return
	}
	for _, g := range c.targetGroups {
		delete(g.users, n.arn)
	}
	for _, r := range n.rules { // they go with their listener
		r.drop(c)
		c.forget(listenerRuleToken, r.arn)
	}
	delete(n.balancer.listeners, n.arn)
	delete(c.listeners, n.arn)
}

func updateListener(t *call, n *listener) error { return n.set(t, "ModifyListener") }

func deleteListener(t *call, n *listener) error {
	n.drop(t.c)
	return nil
}

func (n *listener) attributes(*Cloud) values {
	return values{"arn": n.arn, "protocol": n.protocol, "sslPolicy": n.policy}
}
