package awssim

import (
	"net/netip"
)

const routeTableToken = "aws:ec2/routeTable:RouteTable"

// routeTable decides where a subnet's packets go.
type routeTable struct {
	id        string
	vpc       *vpc
	routes    map[netip.Prefix]*route
	subnets   map[string]*subnet      // those associated with it, by association
	endpoints map[string]*vpcEndpoint // gateway endpoints, by service
}

var routeTableType = define(resourceType{
	token: routeTableToken, title: "EC2 Route Table",
	source:  "internal/service/ec2/vpc_route_table.go",
	inputs:  properties{"vpcId": {kind: text, required: true, replaces: true}},
	outputs: []string{"arn", "ownerId"},
	// Inline routes fight with separate aws:ec2/route:Route resources; the program has the latter.
	refused: []string{"propagatingVgws", "routes"},
	tagged:  true,
}, createRouteTable, nil, deleteRouteTable)

func createRouteTable(t *call) (string, *routeTable, error) {
	v, err := t.c.vpcNamed("CreateRouteTable", t.in.text("vpcId"))
	if err != nil {
		return "", nil, err
	}
	table := t.c.newRouteTable(v, t.name)
	return table.id, table, nil
}

func (c *Cloud) newRouteTable(v *vpc, name string) *routeTable {
	table := &routeTable{
		id: c.newID("rtb", name), vpc: v, routes: map[netip.Prefix]*route{},
		subnets: map[string]*subnet{}, endpoints: map[string]*vpcEndpoint{},
	}
	v.routeTables[table.id] = table
	c.routeTables[table.id] = table
	return table
}

func deleteRouteTable(t *call, table *routeTable) error {
	// The real provider disassociates the table first; here its references must be deleted before it.
	if len(table.subnets) > 0 || len(table.endpoints) > 0 {
		return refuseEC2("DeleteRouteTable", "DependencyViolation", "The routeTable '%s' has dependencies and cannot be deleted.", table.id)
	}
	delete(table.vpc.routeTables, table.id)
	delete(t.c.routeTables, table.id)
	for _, r := range table.routes {
		t.c.forget(routeToken, r.id())
	}
	return nil
}

// lookup is the most specific route for an address; nil and true mean the VPC itself.
func (table *routeTable) lookup(addr netip.Addr) (found *route, local bool) {
	if table.vpc.cidr.Contains(addr) {
		return nil, true
	}
	best := -1
	for destination, r := range table.routes {
		if destination.Contains(addr) && destination.Bits() > best {
			found, best = r, destination.Bits()
		}
	}
	return found, false
}

func (table *routeTable) attributes(c *Cloud) values {
	return values{
		"arn": c.arn("ec2", "route-table/"+table.id), "ownerId": c.options.AccountID, "vpcId": table.vpc.id,
		"routes": []any{}, "propagatingVgws": []any{},
	}
}

// routeTableNamed finds a route table for an operation.
func (c *Cloud) routeTableNamed(operation, id string) (*routeTable, error) {
	if table := c.routeTables[id]; table != nil {
		return table, nil
	}
	return nil, refuseEC2(operation, "InvalidRouteTableID.NotFound", "The routeTable ID '%s' does not exist", id)
}
