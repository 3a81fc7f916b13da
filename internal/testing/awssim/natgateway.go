package awssim

import "net/netip"

const natGatewayToken = "aws:ec2/natGateway:NatGateway"

// natGateway gives instances without a public address access to the internet.
type natGateway struct {
	id, interfaceID string
	subnet          *subnet
	private         netip.Addr
	address         *address // nil for a private one
	connectivity    string
}

var natGatewayType = define(resourceType{
	token: natGatewayToken, title: "EC2 NAT Gateway",
	source: "internal/service/ec2/vpc_nat_gateway.go",
	inputs: properties{
		"allocationId":     {kind: text, replaces: true},
		"connectivityType": {kind: text, replaces: true, fallback: "public", oneOf: []string{"public", "private"}},
		"privateIp":        {kind: text, replaces: true, computed: true, valid: validIPv4},
		"subnetId":         {kind: text, required: true, replaces: true},
	},
	outputs: []string{
		"associationId", "networkInterfaceId", "publicIp", "secondaryPrivateIpAddressCount", "secondaryPrivateIpAddresses",
	},
	refused: []string{"secondaryAllocationIds", "secondaryPrivateIpAddressCount", "secondaryPrivateIpAddresses"},
	tagged:  true,
	check: func(in values) []Problem {
		_, allocated := in["allocationId"]
		private := in.text("connectivityType") == "private"
		switch {
		case private && allocated:
			return []Problem{{"allocationId", `must not be set with connectivityType "private"`}}
		case !private && !allocated && !in.isUnknown("connectivityType"):
			return []Problem{{"allocationId", "must be set for a public NAT gateway"}}
		}
		return nil
	},
}, createNATGateway, nil, deleteNATGateway)

func createNATGateway(t *call) (string, *natGateway, error) {
	const operation = "CreateNatGateway"
	s, err := t.c.subnetNamed(operation, t.in.text("subnetId"))
	if err != nil {
		return "", nil, err
	}
	n := &natGateway{subnet: s, connectivity: t.in.text("connectivityType")}
	if n.connectivity == "public" {
		if s.vpc.gateway == nil {
			return "", nil, refuseEC2(operation, "Gateway.NotAttached", "Network %s has no Internet gateway attached", s.vpc.id)
		}
		if n.address, err = t.c.unusedAddress(operation, t.in.text("allocationId")); err != nil {
			return "", nil, err
		}
	}
	if n.private, err = s.reserve(operation, t.in.text("privateIp"), "nat/"+t.name); err != nil {
		return "", nil, err
	}
	n.id, n.interfaceID = t.c.newID("nat", t.name), t.c.newID("eni", t.name)
	if n.address != nil {
		n.address.association, n.address.nat = t.c.newID("eipassoc", t.name), n
		s.vpc.publicMappings++
	}
	s.interfaces[n.id] = true
	t.c.natGateways[n.id] = n
	return n.id, n, nil
}

func (c *Cloud) unusedAddress(operation, id string) (*address, error) {
	a := c.addresses[id]
	if a == nil {
		return nil, refuseEC2(operation, "InvalidAllocationID.NotFound", "The allocation ID '%s' does not exist", id)
	}
	if a.association != "" {
		return nil, refuseEC2(operation, "Resource.AlreadyAssociated", "resource %s is already associated with associate-id %s", a.id, a.association)
	}
	return a, nil
}

func deleteNATGateway(t *call, n *natGateway) error {
	if n.address != nil {
		n.subnet.vpc.publicMappings--
		t.c.disassociate(n.address)
	}
	n.subnet.pool.release(n.private)
	delete(n.subnet.interfaces, n.id)
	delete(t.c.natGateways, n.id)
	return nil
}

func (n *natGateway) attributes(*Cloud) values {
	out := values{
		"subnetId": n.subnet.id, "connectivityType": n.connectivity, "privateIp": n.private.String(), "networkInterfaceId": n.interfaceID,
		"associationId": "", "publicIp": "", "secondaryPrivateIpAddressCount": 0, "secondaryPrivateIpAddresses": []any{},
	}
	if n.address != nil {
		out["allocationId"], out["associationId"], out["publicIp"] = n.address.id, n.address.association, n.address.public.String()
	}
	return out
}
