package awssim

import (
	"net/netip"
	"strings"
)

const addressToken = "aws:ec2/eip:Eip"

// address is an Elastic IP.
type address struct {
	id          string
	public      netip.Addr
	association string // empty when it is not in use
	instance    *instance
	nat         *natGateway
	// own: the association was made by the Eip resource, which then also undoes it.
	own bool
}

var addressType = define(resourceType{
	token: addressToken, title: "EC2 EIP",
	source: "internal/service/ec2/ec2_eip.go",
	inputs: properties{
		"domain":   {kind: text, replaces: true, computed: true, oneOf: []string{"vpc"}},
		"instance": {kind: text, computed: true},
	},
	outputs: []string{
		"allocationId", "arn", "associationId", "carrierIp", "customerOwnedIp", "ipamPoolId", "networkBorderGroup",
		"networkInterface", "privateDns", "privateIp", "ptrRecord", "publicDns", "publicIp", "publicIpv4Pool",
	},
	refused: []string{
		"address", "associateWithPrivateIp", "customerOwnedIpv4Pool", "ipamPoolId", "networkBorderGroup",
		"networkInterface", "publicIpv4Pool", "vpc",
	},
	tagged: true,
}, createAddress, updateAddress, deleteAddress)

func createAddress(t *call) (string, *address, error) {
	if len(t.c.addresses) >= t.c.quota(QuotaElasticIPs) {
		return "", nil, refuseEC2("AllocateAddress", "AddressLimitExceeded", "The maximum number of addresses has been reached.")
	}
	var target *instance
	if t.in.has("instance") {
		var err error
		if target, err = t.c.associable(t.in.text("instance")); err != nil {
			return "", nil, err
		}
	}
	public, ok := t.c.public.take("eip/" + t.name)
	if !ok {
		return "", nil, refuseEC2("AllocateAddress", "InsufficientAddressCapacity", "no public address is left in the simulated pool")
	}
	a := &address{id: t.c.newID("eipalloc", t.name), public: public}
	t.c.addresses[a.id] = a
	if target != nil {
		t.c.associate(a, target, t.name)
		a.own = true
	}
	return a.id, a, nil
}

// associable finds an instance that an address can be associated with.
func (c *Cloud) associable(instanceID string) (*instance, error) {
	const operation = "AssociateAddress"
	i, err := c.instanceNamed(operation, instanceID)
	if err != nil {
		return nil, err
	}
	if i.subnet.vpc.gateway == nil {
		return nil, refuseEC2(operation, "Gateway.NotAttached", "Network %s is not attached to any internet gateway", i.subnet.vpc.id)
	}
	return i, nil
}

// associate maps an address to an instance. The instance's own public address, if it has one, is given back.
func (c *Cloud) associate(a *address, i *instance, name string) {
	if i.address != nil {
		c.disassociate(i.address)
	}
	c.releasePublic(i)
	a.association, a.instance = c.newID("eipassoc", name), i
	i.address = a
	i.subnet.vpc.publicMappings++
}

func (c *Cloud) disassociate(a *address) {
	if a.instance != nil {
		a.instance.subnet.vpc.publicMappings--
		a.instance.address = nil
	}
	c.forget(addressAssociationToken, a.association)
	a.association, a.instance, a.nat, a.own = "", nil, nil, false
}

func updateAddress(t *call, a *address) error {
	if !t.changed("instance") {
		return nil
	}
	target, err := t.c.associable(t.in.text("instance"))
	if err != nil {
		return err
	}
	t.c.disassociate(a)
	t.c.associate(a, target, t.name)
	a.own = true
	return nil
}

func deleteAddress(t *call, a *address) error {
	if a.association != "" && !a.own {
		return refuseEC2("ReleaseAddress", "InvalidIPAddress.InUse", "Address %s is in use.", a.public)
	}
	if a.own {
		t.c.disassociate(a)
	}
	t.c.public.release(a.public)
	delete(t.c.addresses, a.id)
	return nil
}

func (a *address) attributes(c *Cloud) values {
	out := values{
		"allocationId": a.id, "arn": c.arn("ec2", "elastic-ip/"+a.id), "domain": "vpc", "associationId": a.association,
		"networkBorderGroup": c.options.Region, "publicIp": a.public.String(), "publicDns": c.publicDNS(a.public),
		"publicIpv4Pool": "amazon", "instance": "", "privateIp": "", "privateDns": "", "networkInterface": "",
		"carrierIp": "", "customerOwnedIp": "", "ipamPoolId": "", "ptrRecord": "",
	}
	switch {
	case a.instance != nil:
		out["instance"], out["networkInterface"] = a.instance.id, a.instance.interfaceID
		out["privateIp"], out["privateDns"] = a.instance.private.String(), c.privateDNS(a.instance.private)
	case a.nat != nil:
		out["networkInterface"], out["privateIp"] = a.nat.interfaceID, a.nat.private.String()
		out["privateDns"] = c.privateDNS(a.nat.private)
	}
	return out
}

func (c *Cloud) publicDNS(addr netip.Addr) string {
	return "ec2-" + strings.ReplaceAll(addr.String(), ".", "-") + "." + c.options.Region + ".compute.amazonaws.com"
}

func (c *Cloud) privateDNS(addr netip.Addr) string {
	return "ip-" + strings.ReplaceAll(addr.String(), ".", "-") + "." + c.options.Region + ".compute.internal"
}
