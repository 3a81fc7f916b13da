package awssim

import (
	"net/netip"
	"time"
)

const subnetToken = "aws:ec2/subnet:Subnet"

// subnet is a block of a VPC's addresses in one zone.
type subnet struct {
	id           string
	vpc          *vpc
	zone         zone
	cidr         netip.Prefix
	pool         *addressPool
	mapPublicIP  bool
	resourceDNS  bool
	hostnameType string
	table        *routeTable // nil: the VPC's main one
	association  string
	interfaces   map[string]bool // identifiers of instances and NAT gateways in it
}

var subnetType = define(resourceType{
	token: subnetToken, title: "EC2 Subnet",
	source: "internal/service/ec2/vpc_subnet.go",
	wait:   10 * time.Second,
	inputs: properties{
		"availabilityZone":                     {kind: text, replaces: true, computed: true},
		"availabilityZoneId":                   {kind: text, replaces: true, computed: true},
		"cidrBlock":                            {kind: text, required: true, replaces: true, valid: validCIDR},
		"enableResourceNameDnsARecordOnLaunch": {kind: flag, fallback: false},
		"mapPublicIpOnLaunch":                  {kind: flag, fallback: false},
		"privateDnsHostnameTypeOnLaunch":       {kind: text, computed: true, oneOf: []string{"ip-name", "resource-name"}},
		"vpcId":                                {kind: text, required: true, replaces: true},
	},
	outputs: []string{"arn", "ipv6CidrBlockAssociationId", "ownerId"},
	refused: []string{
		"assignIpv6AddressOnCreation", "customerOwnedIpv4Pool", "enableDns64", "enableLniAtDeviceIndex",
		"enableResourceNameDnsAaaaRecordOnLaunch", "ipv6CidrBlock", "ipv6Native", "mapCustomerOwnedIpOnLaunch", "outpostArn",
	},
	tagged: true,
	check: func(in values) []Problem {
		if in.has("availabilityZone") && in.has("availabilityZoneId") {
			return []Problem{{"availabilityZoneId", "must not be set together with availabilityZone"}}
		}
		return nil
	},
}, createSubnet, updateSubnet, deleteSubnet)

func createSubnet(t *call) (string, *subnet, error) {
	const operation = "CreateSubnet"
	v, err := t.c.vpcNamed(operation, t.in.text("vpcId"))
	if err != nil {
		return "", nil, err
	}
	cidr := netip.MustParsePrefix(t.in.text("cidrBlock"))
	if cidr.Bits() < 16 || cidr.Bits() > 28 || !contains(v.cidr, cidr) {
		return "", nil, refuseEC2(operation, "InvalidSubnet.Range", "The CIDR '%s' is invalid.", cidr)
	}
	for _, other := range v.subnets {
		if other.cidr.Overlaps(cidr) {
			return "", nil, refuseEC2(operation, "InvalidSubnet.Conflict", "The CIDR '%s' conflicts with another subnet", cidr)
		}
	}
	place, err := t.c.subnetZone(t)
	if err != nil {
		return "", nil, err
	}
	s := &subnet{
		id: t.c.newID("subnet", t.name), vpc: v, zone: place, cidr: cidr, pool: newSubnetPool(cidr),
		hostnameType: "ip-name", interfaces: map[string]bool{},
	}
	s.set(t.in)
	v.subnets[s.id] = s
	t.c.subnets[s.id] = s
	return s.id, s, nil
}

// subnetZone is the requested zone, or one that AWS picks.
func (c *Cloud) subnetZone(t *call) (zone, error) {
	zones := c.zones()
	name, id := t.in.text("availabilityZone"), t.in.text("availabilityZoneId")
	if name == "" && id == "" {
		return zones[spread(t.name, len(zones))], nil
	}
	for _, z := range zones {
		if z.name == name || z.id == id {
			return z, nil
		}
	}
	return zone{}, refuseEC2("CreateSubnet", "InvalidParameterValue",
		"Value (%s) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: %s.",
		name+id, joined(c.zoneNames()))
}

func (s *subnet) set(in values) {
	s.mapPublicIP, s.resourceDNS = in.flag("mapPublicIpOnLaunch"), in.flag("enableResourceNameDnsARecordOnLaunch")
	if in.has("privateDnsHostnameTypeOnLaunch") {
		s.hostnameType = in.text("privateDnsHostnameTypeOnLaunch")
	}
}

func updateSubnet(t *call, s *subnet) error {
	s.set(t.in)
	return nil
}

func deleteSubnet(t *call, s *subnet) error {
	if len(s.interfaces) > 0 {
		return refuseEC2("DeleteSubnet", "DependencyViolation", "The subnet '%s' has dependencies and cannot be deleted.", s.id)
	}
	if s.table != nil {
		t.c.forget(routeTableAssociationToken, s.association)
		s.disassociate()
	}
	delete(s.vpc.subnets, s.id)
	delete(t.c.subnets, s.id)
	return nil
}

// routes are those of the subnet's own table, or of the VPC's main one.
func (s *subnet) routes() *routeTable {
	if s.table != nil {
		return s.table
	}
	return s.vpc.main
}

func (s *subnet) attributes(c *Cloud) values {
	return values{
		"arn": c.arn("ec2", "subnet/"+s.id), "ownerId": c.options.AccountID, "vpcId": s.vpc.id, "cidrBlock": s.cidr.String(),
		"availabilityZone": s.zone.name, "availabilityZoneId": s.zone.id, "mapPublicIpOnLaunch": s.mapPublicIP,
		"enableResourceNameDnsARecordOnLaunch": s.resourceDNS, "privateDnsHostnameTypeOnLaunch": s.hostnameType,
		"ipv6CidrBlockAssociationId": "",
	}
}

// subnetNamed finds a subnet for an operation.
func (c *Cloud) subnetNamed(operation, id string) (*subnet, error) {
	if s := c.subnets[id]; s != nil {
		return s, nil
	}
	return nil, refuseEC2(operation, "InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", id)
}

// reserve takes a fixed address of the subnet, or any if none is requested.
func (s *subnet) reserve(operation, wanted, owner string) (netip.Addr, error) {
	if wanted == "" {
		addr, ok := s.pool.take(owner)
		if !ok {
			return netip.Addr{}, refuseEC2(operation, "InsufficientFreeAddressesInSubnet",
				"The specified subnet does not have enough free addresses to satisfy the request.")
		}
		return addr, nil
	}
	addr := netip.MustParseAddr(wanted)
	switch {
	case !s.cidr.Contains(addr):
		return addr, refuseEC2(operation, "InvalidParameterValue", "Address %s does not fall within the subnet's address range", addr)
	case s.pool.reserved(addr):
		return addr, refuseEC2(operation, "InvalidParameterValue", "Address %s is in subnet's reserved address range", addr)
	case s.pool.taken[addr] != "":
		return addr, refuseEC2(operation, "InvalidIPAddress.InUse", "Address %s is in use.", addr)
	}
	s.pool.taken[addr] = owner
	return addr, nil
}
