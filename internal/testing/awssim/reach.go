package awssim

import (
	"fmt"
	"net/netip"
	"strings"
)

// Endpoint is one end of a connection: a machine by Name tag or identifier, a load balancer by name, an IPv4 address, Internet or Admin.
type Endpoint string

const (
	// Internet is some host outside AWS.
	Internet Endpoint = "internet"
	// Admin is the host at Options.AdminIP.
	Admin Endpoint = "admin"
)

// internetHost is the address of a host outside AWS (RFC 5737).
var internetHost = netip.MustParseAddr("192.0.2.1")

// side is an endpoint found: a machine, or a host outside.
type side struct {
	name     string
	instance *instance
	addr     netip.Addr
	// byPublic: a machine named by its public address is reached from outside its network.
	byPublic bool
}

// Reach returns why a connection from one endpoint to another is impossible, or nil. It follows the packet: the
// sender's security groups, the route table of its subnet, gateways and public addresses, the receiver's security
// groups. Replies need no rule: security groups are stateful. Protocol is tcp, udp, icmp or a number; the port
// counts for tcp and udp.
func (c *Cloud) Reach(from, to Endpoint, protocol string, port int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	protocol = normalProtocol(protocol)
	source, err := c.side(from)
	if err != nil {
		return err
	}
	target, err := c.side(to)
	if err != nil {
		return err
	}
	if err := c.reach(source, target, protocol, port); err != nil {
		return fmt.Errorf("%s cannot reach %s on %s: %w", from, to, service(protocol, port), err)
	}
	return nil
}

func service(protocol string, port int) string {
	if protocol == "tcp" || protocol == "udp" {
		return fmt.Sprintf("%s port %d", protocol, port)
	}
	return "protocol " + protocol
}

func (c *Cloud) side(e Endpoint) (side, error) {
	switch e {
	case Internet:
		return side{name: string(e), addr: internetHost}, nil
	case Admin:
		addr, err := c.adminAddress()
		return side{name: string(e), addr: addr}, err
	}
	if addr, err := netip.ParseAddr(string(e)); err == nil {
		return c.sideAt(addr), nil
	}
	for _, l := range c.loadBalancers {
		if l.name == string(e) {
			return side{name: l.name, instance: l.nodes[0], addr: l.nodes[0].private}, nil
		}
	}
	i, err := c.instanceByName(string(e))
	if err != nil {
		return side{}, err
	}
	return side{name: i.displayName(), instance: i, addr: i.private}, nil
}

func (c *Cloud) sideAt(addr netip.Addr) side {
	for _, i := range c.instances {
		if i.private == addr {
			return side{name: i.displayName(), instance: i, addr: addr}
		}
		if public, ok := i.publicAddress(); ok && public == addr {
			return side{name: i.displayName(), instance: i, addr: addr, byPublic: true}
		}
	}
	return side{name: addr.String(), addr: addr}
}

func (c *Cloud) reach(source, target side, protocol string, port int) error {
	for _, s := range []side{source, target} {
		if s.instance != nil && s.instance.state != "running" {
			return fmt.Errorf("%s is %s", s.name, s.instance.state)
		}
	}
	internal := source.instance != nil && target.instance != nil && !target.byPublic && source.instance.subnet.vpc == target.instance.subnet.vpc
	if internal {
		if err := leave(source.instance, target.addr, target.instance.groups, protocol, port); err != nil {
			return err
		}
		return enter(target.instance, source.addr, source.instance.groups, protocol, port)
	}
	seen := source.addr
	if source.instance != nil {
		outside, err := c.publicSide(target)
		if err != nil {
			return err
		}
		if err := leave(source.instance, outside, nil, protocol, port); err != nil {
			return err
		}
		if seen, err = c.wayOut(source.instance, outside); err != nil {
			return err
		}
	}
	if target.instance == nil {
		return nil // hosts outside this account are not modeled
	}
	if err := c.wayIn(target.instance, seen); err != nil {
		return err
	}
	return enter(target.instance, seen, nil, protocol, port)
}

// publicSide is the address by which a host outside the sender's network is known.
func (c *Cloud) publicSide(target side) (netip.Addr, error) {
	if target.instance == nil {
		return target.addr, nil
	}
	public, ok := target.instance.publicAddress()
	if !ok {
		return public, fmt.Errorf("%s is in another network and has no public address", target.name)
	}
	return public, nil
}

// wayOut follows the routes from a machine to an address outside and returns the address it is seen with.
func (c *Cloud) wayOut(i *instance, to netip.Addr) (netip.Addr, error) {
	gateway, nat, err := c.next(i.subnet, to)
	if err != nil {
		return netip.Addr{}, err
	}
	if gateway {
		public, ok := i.publicAddress()
		if !ok {
			return public, fmt.Errorf("%s has no public address, and its subnet %s leads to an internet gateway, which does not translate addresses", i.displayName(), i.subnet.id)
		}
		return public, nil
	}
	if nat.address == nil {
		return netip.Addr{}, fmt.Errorf("NAT gateway %s is private", nat.id)
	}
	if through, _, err := c.next(nat.subnet, to); err != nil || !through {
		return netip.Addr{}, fmt.Errorf("the subnet %s of NAT gateway %s has no route to an internet gateway", nat.subnet.id, nat.id)
	}
	return nat.address.public, nil
}

// next is where a subnet's route table sends packets for an address outside the VPC.
func (c *Cloud) next(s *subnet, to netip.Addr) (gateway bool, nat *natGateway, err error) {
	table := s.routes()
	r, local := table.lookup(to)
	switch {
	case local:
		return false, nil, fmt.Errorf("%s is in the VPC's own range %s and no interface has it", to, s.vpc.cidr)
	case r == nil:
		return false, nil, fmt.Errorf("route table %s of subnet %s has no route to %s", table.id, s.id, to)
	case !r.active(c):
		return false, nil, fmt.Errorf("the route to %s in route table %s is a blackhole", r.destination, table.id)
	}
	return r.nat == nil, r.nat, nil
}

// wayIn checks that a machine can be reached from outside, and can reply.
func (c *Cloud) wayIn(i *instance, from netip.Addr) error {
	if _, ok := i.publicAddress(); !ok {
		return fmt.Errorf("%s has no public address", i.displayName())
	}
	if gateway, _, err := c.next(i.subnet, from); err != nil || !gateway {
		return fmt.Errorf("subnet %s of %s has no route to an internet gateway for %s", i.subnet.id, i.displayName(), from)
	}
	return nil
}

func leave(i *instance, to netip.Addr, groups []*securityGroup, protocol string, port int) error {
	for _, g := range i.groups {
		for _, r := range g.egress {
			if r.admits(protocol, port, to, groups) {
				return nil
			}
		}
	}
	return fmt.Errorf("no egress rule of %s allows it to leave %s (to %s)", groupNames(i.groups), i.displayName(), to)
}

func enter(i *instance, from netip.Addr, groups []*securityGroup, protocol string, port int) error {
	for _, g := range i.groups {
		for _, r := range g.ingress {
			if r.admits(protocol, port, from, groups) {
				return nil
			}
		}
	}
	other := from.String()
	if len(groups) > 0 {
		other += " in " + groupNames(groups)
	}
	return fmt.Errorf("no ingress rule of %s allows it to enter %s (from %s)", groupNames(i.groups), i.displayName(), other)
}

func groupNames(groups []*securityGroup) string {
	var out []string
	for _, g := range groups {
		out = append(out, g.name)
	}
	if len(out) == 1 {
		return "security group " + out[0]
	}
	return "security groups " + strings.Join(out, ", ")
}
