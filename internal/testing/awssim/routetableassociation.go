package awssim

const routeTableAssociationToken = "aws:ec2/routeTableAssociation:RouteTableAssociation"

// routeTableAssociation makes a subnet use a route table instead of the VPC's main one.
type routeTableAssociation struct {
	id     string
	subnet *subnet
}

var routeTableAssociationType = define(resourceType{
	token: routeTableAssociationToken, title: "EC2 Route Table Association",
	source: "internal/service/ec2/vpc_route_table_association.go",
	inputs: properties{
		"subnetId":     {kind: text, required: true, replaces: true},
		"routeTableId": {kind: text, required: true}, // in place
	},
	refused: []string{"gatewayId"},
}, createRouteTableAssociation, updateRouteTableAssociation, deleteRouteTableAssociation)

func createRouteTableAssociation(t *call) (string, *routeTableAssociation, error) {
	s, table, err := t.subnetAndTable("AssociateRouteTable")
	if err != nil {
		return "", nil, err
	}
	if s.table != nil {
		return "", nil, refuseEC2("AssociateRouteTable", "Resource.AlreadyAssociated",
			"the specified association for route table %s conflicts with an existing association", table.id)
	}
	a := &routeTableAssociation{id: t.c.newID("rtbassoc", t.name), subnet: s}
	s.associate(table, a.id)
	return a.id, a, nil
}

func (t *call) subnetAndTable(operation string) (*subnet, *routeTable, error) {
	s, err := t.c.subnetNamed(operation, t.in.text("subnetId"))
	if err != nil {
		return nil, nil, err
	}
	table, err := t.c.routeTableNamed(operation, t.in.text("routeTableId"))
	if err != nil {
		return nil, nil, err
	}
	if table.vpc != s.vpc {
		return nil, nil, refuseEC2(operation, "InvalidParameterValue", "Route table %s and subnet %s belong to different networks", table.id, s.id)
	}
	return s, table, nil
}

func (s *subnet) associate(table *routeTable, association string) {
	s.table, s.association = table, association
	table.subnets[association] = s
}

func (s *subnet) disassociate() {
	delete(s.table.subnets, s.association)
	s.table, s.association = nil, ""
}

func updateRouteTableAssociation(t *call, a *routeTableAssociation) error {
	_, table, err := t.subnetAndTable("ReplaceRouteTableAssociation")
	if err != nil {
		return err
	}
	a.subnet.disassociate()
	a.subnet.associate(table, a.id)
	return nil
}

func deleteRouteTableAssociation(_ *call, a *routeTableAssociation) error {
	if a.subnet.association == a.id {
		a.subnet.disassociate()
	}
	return nil
}

func (a *routeTableAssociation) attributes(*Cloud) values {
	out := values{"subnetId": a.subnet.id, "routeTableId": ""}
	if a.subnet.table != nil {
		out["routeTableId"] = a.subnet.table.id
	}
	return out
}
