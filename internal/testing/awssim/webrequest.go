package awssim

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// WebRequest is an HTTP request from outside to a load balancer.
type WebRequest struct {
	// From is the sender: Internet, Admin or an address.
	From Endpoint
	// URL without a query: scheme, host and path. The host is a load balancer's DNS name or that of a record.
	URL string
}

// WebAnswer is the decision of a load balancer.
type WebAnswer struct {
	// Status is that of the load balancer itself; 0 if a target answers.
	Status int
	// Location is the address of a redirect.
	Location string
	// Targets are the instances that get the request in turn, by Name tag, with their port.
	Targets []WebTarget
	// Lost are the IDs of registered instances that do not run. A load balancer sends requests to them, too, until its health
	// checks have failed as often as the target group says.
	Lost []string
}

// WebTarget is a port of an instance.
type WebTarget struct {
	Instance string
	Port     int
}

// Request returns the answer of a load balancer: it resolves the name, enters through the security groups, checks the
// certificate, and follows the first rule that matches. Targets that the load balancer cannot reach get no request.
func (c *Cloud) Request(r WebRequest) (WebAnswer, error) {
	scheme, rest, _ := strings.Cut(r.URL, "://")
	host, path, _ := strings.Cut(rest, "/")
	port := map[string]int{"http": 80, "https": 443}[scheme]
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.loadBalancerAt(host)
	if record := c.record(host, "A"); record != nil {
		l = c.loadBalancerAt(record.alias)
	}
	if l == nil {
		return WebAnswer{}, fmt.Errorf("%s: no such host", host)
	}
	source, err := c.side(r.From)
	if err != nil {
		return WebAnswer{}, err
	}
	for _, node := range l.nodes {
		if err := c.reach(source, side{name: l.name, instance: node, addr: node.private}, "tcp", port); err != nil {
			return WebAnswer{}, fmt.Errorf("%s cannot reach %s: %w", r.From, r.URL, err)
		}
	}
	for _, n := range l.listeners {
		if n.port != port {
			continue
		}
		if n.protocol == "HTTPS" && !n.certificate.covers(host) {
			return WebAnswer{}, fmt.Errorf("%s: certificate is valid for %s, not %s", r.URL, joined(n.certificate.domains), host)
		}
		return c.answer(n, host, "/"+path, source.addr), nil
	}
	return WebAnswer{}, fmt.Errorf("%s: connection refused, no listener on port %d", r.URL, port)
}

// answer follows the rules of a listener.
func (c *Cloud) answer(n *listener, host, path string, from netip.Addr) WebAnswer {
	action := n.action
	for _, r := range slices.SortedFunc(maps.Values(n.rules), func(a, b *listenerRule) int { return cmp.Compare(a.priority, b.priority) }) {
		if r.matches(host, path, from) {
			action = r.action
			break
		}
	}
	switch action.text("type") {
	case "redirect":
		to := action.block("redirect")
		status, _ := strconv.Atoi(strings.TrimPrefix(to.text("statusCode"), "HTTP_"))
		return WebAnswer{Status: status, Location: strings.ToLower(to.text("protocol")) + "://" + host + path}
	case "fixed-response":
		status, _ := strconv.Atoi(action.block("fixedResponse").text("statusCode"))
		return WebAnswer{Status: status}
	}
	return c.forward(n.balancer, c.targetGroups[action.text("targetGroupArn")])
}

// forward lists the targets that get requests: registered, running, and reachable from the load balancer. The first health check of
// a new target takes no time.
func (c *Cloud) forward(l *loadBalancer, g *targetGroup) WebAnswer {
	answer := WebAnswer{Status: 503} // no target is registered
	for _, a := range g.targets {
		if a.left {
			continue
		}
		i := c.instances[a.target]
		if i == nil || i.state != "running" {
			if c.options.Now().Sub(c.down[a.target]) < g.detection {
				answer.Lost = append(answer.Lost, a.target)
			}
			continue
		}
		if answer.Status == 503 {
			answer.Status = 504 // registered targets do not answer
		}
		if !slices.ContainsFunc(l.nodes, func(node *instance) bool {
			return c.reach(side{name: l.name, instance: node, addr: node.private}, side{name: i.displayName(), instance: i, addr: i.private}, "tcp", a.port) != nil
		}) {
			answer.Targets = append(answer.Targets, WebTarget{i.displayName(), a.port})
		}
	}
	if len(answer.Targets) > 0 {
		answer.Status = 0
	}
	slices.Sort(answer.Lost)
	slices.SortFunc(answer.Targets, func(a, b WebTarget) int { return strings.Compare(a.Instance, b.Instance) })
	return answer
}

// LoadBalancers returns the DNS names of all load balancers by name.
func (c *Cloud) LoadBalancers() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	names := map[string]string{}
	for _, l := range c.loadBalancers {
		names[l.name] = l.dnsName
	}
	return names
}
