package awssim

import (
	"fmt"
	"net/netip"
)

const routeToken = "aws:ec2/route:Route"

// route sends packets for a destination to a gateway.
type route struct {
	table       *routeTable
	destination netip.Prefix
	gateway     *internetGateway
	nat         *natGateway
}

var routeType = define(resourceType{
	token: routeToken, title: "EC2 Route",
	source: "internal/service/ec2/vpc_route.go",
	inputs: properties{
		"routeTableId":         {kind: text, required: true, replaces: true},
		"destinationCidrBlock": {kind: text, required: true, replaces: true, valid: validCIDR},
		"gatewayId":            {kind: text},
		"natGatewayId":         {kind: text},
	},
	outputs: []string{"instanceId", "instanceOwnerId", "networkInterfaceId", "origin", "state"},
	refused: []string{
		"carrierGatewayId", "coreNetworkArn", "destinationIpv6CidrBlock", "destinationPrefixListId", "egressOnlyGatewayId",
		"localGatewayId", "networkInterfaceId", "transitGatewayId", "vpcEndpointId", "vpcPeeringConnectionId",
	},
	check: func(in values) []Problem {
		_, internet := in["gatewayId"]
		_, nat := in["natGatewayId"]
		if internet == nat {
			return []Problem{{"gatewayId", "exactly one of gatewayId and natGatewayId must be set"}}
		}
		return nil
	},
}, createRoute, updateRoute, deleteRoute)

func createRoute(t *call) (string, *route, error) {
	const operation = "CreateRoute"
	table, err := t.c.routeTableNamed(operation, t.in.text("routeTableId"))
	if err != nil {
		return "", nil, err
	}
	destination := netip.MustParsePrefix(t.in.text("destinationCidrBlock"))
	if destination == table.vpc.cidr || table.routes[destination] != nil {
		return "", nil, refuseEC2(operation, "RouteAlreadyExists", "The route identified by %s already exists.", destination)
	}
	r := &route{table: table, destination: destination}
	if err := r.aim(t, operation); err != nil {
		return "", nil, err
	}
	table.routes[destination] = r
	return r.id(), r, nil
}

// aim sets the route's target, which must be attached to the same VPC.
func (r *route) aim(t *call, operation string) error {
	if id := t.in.text("natGatewayId"); id != "" {
		nat := t.c.natGateways[id]
		if nat == nil {
			return refuseEC2(operation, "InvalidNatGatewayID.NotFound", "The natGateway ID '%s' does not exist", id)
		}
		if nat.subnet.vpc != r.table.vpc {
			return refuseEC2(operation, "InvalidParameterValue", "route table %s and NAT gateway %s belong to different networks", r.table.id, id)
		}
		r.nat, r.gateway = nat, nil
		return nil
	}
	id := t.in.text("gatewayId")
	gateway := t.c.gateways[id]
	if gateway == nil {
		return refuseEC2(operation, "InvalidInternetGatewayID.NotFound", "The internetGateway ID '%s' does not exist", id)
	}
	if gateway.vpc != r.table.vpc {
		return refuseEC2(operation, "InvalidParameterValue", "route table %s and network gateway %s belong to different networks", r.table.id, id)
	}
	r.gateway, r.nat = gateway, nil
	return nil
}

func updateRoute(t *call, r *route) error { return r.aim(t, "ReplaceRoute") }

func deleteRoute(t *call, r *route) error {
	delete(r.table.routes, r.destination)
	return nil
}

func (r *route) id() string {
	return fmt.Sprintf("r-%s%d", r.table.id, hashcode(r.destination.String()))
}

// active reports whether the route's target still exists; packets on others are dropped.
func (r *route) active(c *Cloud) bool {
	if r.nat != nil {
		return c.natGateways[r.nat.id] != nil
	}
	return r.gateway.vpc == r.table.vpc
}

func (r *route) attributes(c *Cloud) values {
	out := values{
		"routeTableId": r.table.id, "destinationCidrBlock": r.destination.String(), "origin": "CreateRoute", "state": "blackhole",
		"instanceId": "", "instanceOwnerId": "", "networkInterfaceId": "", "gatewayId": "", "natGatewayId": "",
	}
	if r.active(c) {
		out["state"] = "active"
	}
	if r.nat != nil {
		out["natGatewayId"] = r.nat.id
	} else {
		out["gatewayId"] = r.gateway.id
	}
	return out
}
