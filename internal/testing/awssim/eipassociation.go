package awssim

const addressAssociationToken = "aws:ec2/eipAssociation:EipAssociation"

// addressAssociation maps an Elastic IP to an instance.
type addressAssociation struct {
	id      string
	address *address
}

var addressAssociationType = define(resourceType{
	token: addressAssociationToken, title: "EC2 EIP Association",
	source: "internal/service/ec2/ec2_eip_association.go",
	inputs: properties{
		"allocationId":       {kind: text, required: true, replaces: true},
		"instanceId":         {kind: text, required: true, replaces: true},
		"allowReassociation": {kind: flag, replaces: true},
	},
	outputs: []string{"networkInterfaceId", "privateIpAddress", "publicIp"},
	refused: []string{"networkInterfaceId", "privateIpAddress", "publicIp"},
}, createAddressAssociation, nil, deleteAddressAssociation)

func createAddressAssociation(t *call) (string, *addressAssociation, error) {
	const operation = "AssociateAddress"
	a := t.c.addresses[t.in.text("allocationId")]
	if a == nil {
		return "", nil, refuseEC2(operation, "InvalidAllocationID.NotFound", "The allocation ID '%s' does not exist", t.in.text("allocationId"))
	}
	target, err := t.c.associable(t.in.text("instanceId"))
	if err != nil {
		return "", nil, err
	}
	if a.nat != nil {
		return "", nil, refuseEC2(operation, "AuthFailure", "You do not have permission to access the specified resource. (%s belongs to NAT gateway %s)", a.id, a.nat.id)
	}
	// In a VPC an address moves without asking, and the provider never sends allowReassociation=false.
	if a.association != "" {
		t.c.disassociate(a)
	}
	t.c.associate(a, target, t.name)
	return a.association, &addressAssociation{id: a.association, address: a}, nil
}

func deleteAddressAssociation(t *call, assoc *addressAssociation) error {
	if assoc.address.association == assoc.id {
		t.c.disassociate(assoc.address)
	}
	return nil
}

func (assoc *addressAssociation) attributes(*Cloud) values {
	out := values{"allocationId": assoc.address.id, "publicIp": assoc.address.public.String(), "networkInterfaceId": "", "privateIpAddress": ""}
	if i := assoc.address.instance; i != nil {
		out["instanceId"], out["networkInterfaceId"], out["privateIpAddress"] = i.id, i.interfaceID, i.private.String()
	}
	return out
}
