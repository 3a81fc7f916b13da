package awssim

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cluster is a control plane and a worker with public addresses, and a hidden machine behind a NAT gateway.
func cluster(t *testing.T) *world {
	w := build(t, Options{AdminIP: "192.0.2.77"})
	masters := w.make(securityGroupToken, "masters", values{"vpcId": w.vpc, "name": "masters"})
	closed := w.make(securityGroupToken, "closed", values{"vpcId": w.vpc, "name": "closed"})
	rule := func(group string, in values) {
		in["securityGroupId"] = group
		w.make(ingressRuleToken, "rule", in)
	}
	w.make(egressRuleToken, "masters", values{"securityGroupId": masters, "ipProtocol": "tcp", "fromPort": 443, "toPort": 10250, "cidrIpv4": "0.0.0.0/0"})
	rule(masters, values{"ipProtocol": "tcp", "fromPort": 6443, "toPort": 6443, "referencedSecurityGroupId": w.group})
	rule(masters, values{"ipProtocol": "tcp", "fromPort": 6443, "toPort": 6443, "cidrIpv4": "192.0.2.77/32"})
	rule(w.group, values{"ipProtocol": "-1", "referencedSecurityGroupId": w.group})
	rule(w.group, values{"ipProtocol": "tcp", "fromPort": 10250, "toPort": 10250, "referencedSecurityGroupId": masters})
	rule(w.group, values{"ipProtocol": "tcp", "fromPort": 80, "toPort": 80, "cidrIpv4": "0.0.0.0/0"})
	nat := w.make(natGatewayToken, "nat", values{"subnetId": w.public, "allocationId": w.make(addressToken, "nat", values{})})
	table := w.make(routeTableToken, "private", values{"vpcId": w.vpc})
	w.make(routeToken, "private", values{"routeTableId": table, "destinationCidrBlock": "0.0.0.0/0", "natGatewayId": nat})
	w.make(routeTableAssociationToken, "private", values{"subnetId": w.private, "routeTableId": table})
	w.machine("master", values{"vpcSecurityGroupIds": []any{masters}, "privateIp": "10.0.0.40"})
	w.machine("worker", nil)
	w.machine("hidden", values{"subnetId": w.private})
	w.machine("mute", values{"vpcSecurityGroupIds": []any{closed}})
	return w
}

func TestReach(t *testing.T) {
	w := cluster(t)
	master, err := w.c.Machine("master")
	require.NoError(t, err)
	for _, tt := range []struct {
		from, to Endpoint
		protocol string
		port     int
		// want is empty if the connection is possible, otherwise a part of the reason.
		want string
	}{
		{"worker", "master", "tcp", 6443, ""},
		{"worker", "10.0.0.40", "TCP", 6443, ""},
		{"hidden", "master", "6", 6443, ""},
		{"worker", "hidden", "udp", 4789, ""},
		{"worker", "hidden", "icmp", 0, ""},
		{"master", "worker", "tcp", 10250, ""},
		{"master", "worker", "tcp", 10251, "no egress rule of security group masters allows it to leave master"},
		{"master", "worker", "tcp", 8080, "no ingress rule of security group nodes allows it to enter worker"},
		{"worker", "master", "tcp", 22, "no ingress rule of security group masters allows it to enter master (from 10.0."},
		{"worker", "master", "udp", 6443, "cannot reach master on udp port 6443"},
		{Admin, "master", "tcp", 6443, ""},
		{Internet, "master", "tcp", 6443, "no ingress rule of security group masters allows it to enter master (from 192.0.2.1)"},
		{Internet, "worker", "tcp", 80, ""},
		{Internet, "hidden", "tcp", 80, "hidden has no public address"},
		{"worker", Internet, "tcp", 443, ""},
		{"hidden", Internet, "tcp", 443, ""},
		{"mute", Internet, "tcp", 443, "no egress rule of security group closed allows it to leave mute"},
		{"mute", "worker", "tcp", 80, "no egress rule of security group closed"},
		{"worker", Endpoint(master.PublicIP), "tcp", 6443, "no ingress rule of security group masters allows it to enter master (from 203.0.113."},
		{"worker", "10.0.0.41", "tcp", 6443, "is in the VPC's own range 10.0.0.0/16 and no interface has it"},
		{"nobody", "master", "tcp", 1, `no machine "nobody"`},
		{Internet, "8.8.8.8", "tcp", 53, ""},
		{"worker", "hidden", "50", 0, ""},
		{"master", "worker", "50", 0, "cannot reach worker on protocol 50"},
		{"worker", "master", "tcp", 80, "in security group nodes)"},
	} {
		t.Run(string(tt.from)+" to "+string(tt.to), func(t *testing.T) {
			err := w.c.Reach(tt.from, tt.to, tt.protocol, tt.port)
			if tt.want == "" {
				assert.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

// TestReach_MissingPart takes one part of the way away at a time.
func TestReach_MissingPart(t *testing.T) {
	only := func(w *world, token string) string {
		for id, o := range w.c.objects[token] {
			if o.name != "private" {
				return id
			}
		}
		return ""
	}
	for _, tt := range []struct {
		name, want string
		from       Endpoint
		breakIt    func(w *world) error
	}{
		{"route", "has no route to 192.0.2.1", "worker", func(w *world) error { return w.remove(routeToken, only(w, routeToken)) }},
		{"association", "has no route to 192.0.2.1", "worker", func(w *world) error {
			return w.remove(routeTableAssociationToken, only(w, routeTableAssociationToken))
		}},
		{"NAT gateway", "is a blackhole", "hidden", func(w *world) error { return w.remove(natGatewayToken, only(w, natGatewayToken)) }},
		{"NAT gateway's own route", "has no route to an internet gateway", "hidden", func(w *world) error { return w.remove(routeToken, only(w, routeToken)) }},
		{"egress rule", "no egress rule", "worker", func(w *world) error {
			for id, o := range w.c.objects[egressRuleToken] {
				if o.name == "nodes" {
					return w.remove(egressRuleToken, id)
				}
			}
			return nil
		}},
		{"machine", `no machine "worker"`, "worker", func(w *world) error { return w.c.TerminateInstance("worker") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := cluster(t)
			require.NoError(t, w.c.Reach(tt.from, Internet, "tcp", 443))
			require.NoError(t, tt.breakIt(w))
			assert.ErrorContains(t, w.c.Reach(tt.from, Internet, "tcp", 443), tt.want)
		})
	}
}

func TestReach_NoPublicAddress(t *testing.T) {
	w := build(t, Options{})
	w.machine("one", values{"associatePublicIpAddress": false})
	m, err := w.c.Machine("one")
	require.NoError(t, err)
	assert.ErrorContains(t, m.Internet(), "has no public address, and its subnet")
	_, err = w.c.adminAddress()
	assert.ErrorContains(t, err, "Options.AdminIP")
}

// TestReach_DefaultGroup: members of a VPC's default group reach each other and the internet, and have no other ingress.
func TestReach_DefaultGroup(t *testing.T) {
	w := build(t, Options{})
	w.machine("one", values{"vpcSecurityGroupIds": nil})
	w.machine("two", values{"vpcSecurityGroupIds": nil})
	assert.NoError(t, w.c.Reach("one", "two", "tcp", 1))
	assert.NoError(t, w.c.Reach("one", Internet, "tcp", 443))
	assert.Error(t, w.c.Reach(Internet, "one", "tcp", 22))
}

// TestReach_NoReturnRoute: without a route the reply would not leave.
func TestReach_NoReturnRoute(t *testing.T) {
	w := cluster(t)
	require.NoError(t, w.c.Reach(Internet, "worker", "tcp", 80))
	for id, o := range w.c.objects[routeToken] {
		if o.name == "net" {
			require.NoError(t, w.remove(routeToken, id))
		}
	}
	assert.ErrorContains(t, w.c.Reach(Internet, "worker", "tcp", 80), "has no route to an internet gateway for 192.0.2.1")
}

// TestReach_AcrossNetworks goes by public addresses, even when both machines are in this account.
func TestReach_AcrossNetworks(t *testing.T) {
	w := cluster(t)
	v := w.make(vpcToken, "other", values{"cidrBlock": "10.9.0.0/16"})
	s := w.make(subnetToken, "other", values{"vpcId": v, "cidrBlock": "10.9.0.0/24"})
	w.machine("far", values{"subnetId": s, "vpcSecurityGroupIds": nil})
	assert.ErrorContains(t, w.c.Reach("worker", "far", "tcp", 80), "far is in another network and has no public address")
	assert.ErrorContains(t, w.c.Reach("far", "worker", "tcp", 80), "has no route to 203.0.113.")
}
