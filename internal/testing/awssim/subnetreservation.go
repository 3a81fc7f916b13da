package awssim

import "net/netip"

const subnetReservationToken = "aws:ec2/subnetCidrReservation:SubnetCidrReservation"

// subnetReservation keeps a range of a subnet from allocations that ask for no address.
type subnetReservation struct {
	id     string
	subnet *subnet
	cidr   netip.Prefix
	kind   string
	text   string
}

var subnetReservationType = define(resourceType{
	token: subnetReservationToken, title: "EC2 Subnet CIDR Reservation",
	source: "internal/service/ec2/vpc_subnet_cidr_reservation.go",
	inputs: properties{
		"cidrBlock":       {kind: text, required: true, replaces: true, valid: validCIDR},
		"description":     {kind: text, replaces: true},
		"reservationType": {kind: text, required: true, replaces: true, oneOf: []string{"prefix", "explicit"}},
		"subnetId":        {kind: text, required: true, replaces: true},
	},
	outputs: []string{"ownerId"},
}, createSubnetReservation, nil, deleteSubnetReservation)

func createSubnetReservation(t *call) (string, *subnetReservation, error) {
	const operation = "CreateSubnetCidrReservation"
	s, err := t.c.subnetNamed(operation, t.in.text("subnetId"))
	if err != nil {
		return "", nil, err
	}
	cidr := netip.MustParsePrefix(t.in.text("cidrBlock"))
	if !contains(s.cidr, cidr) {
		return "", nil, refuseEC2(operation, "InvalidParameterValue", "The CIDR %s is not within the CIDR range of the subnet", cidr)
	}
	for _, other := range s.pool.kept {
		if other.Overlaps(cidr) {
			return "", nil, refuseEC2(operation, "InvalidParameterValue", "The CIDR %s conflicts with an existing reservation", cidr)
		}
	}
	r := &subnetReservation{
		id: t.c.newID("scr", t.name), subnet: s, cidr: cidr, kind: t.in.text("reservationType"), text: t.in.text("description"),
	}
	s.pool.kept[r.id] = cidr
	return r.id, r, nil
}

func deleteSubnetReservation(_ *call, r *subnetReservation) error {
	delete(r.subnet.pool.kept, r.id)
	return nil
}

func (r *subnetReservation) attributes(c *Cloud) values {
	out := values{"subnetId": r.subnet.id, "cidrBlock": r.cidr.String(), "reservationType": r.kind, "ownerId": c.options.AccountID}
	if r.text != "" {
		out["description"] = r.text
	}
	return out
}
