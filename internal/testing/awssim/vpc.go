package awssim

import (
	"net/netip"
)

const vpcToken = "aws:ec2/vpc:Vpc"

// vpc is a virtual network with the resources that AWS creates along with it: a main route table and a default security
// group.
type vpc struct {
	id             string
	cidr           netip.Prefix
	dnsSupport     bool
	dnsHostnames   bool
	usageMetrics   bool
	tenancy        string
	aclID, dhcpID  string
	main           *routeTable
	defaultGroup   *securityGroup
	gateway        *internetGateway
	subnets        map[string]*subnet
	groups         map[string]*securityGroup // by name, which is unique in a VPC
	routeTables    map[string]*routeTable
	endpoints      map[string]*vpcEndpoint
	flowLogs       map[string]*flowLog
	publicMappings int // network interfaces in the VPC that have a public address
}

var vpcType = define(resourceType{
	token: vpcToken, title: "EC2 VPC",
	source: "internal/service/ec2/vpc_.go",
	inputs: properties{
		"cidrBlock":                        {kind: text, required: true, replaces: true, valid: validCIDR},
		"enableDnsHostnames":               {kind: flag, computed: true},
		"enableDnsSupport":                 {kind: flag, fallback: true},
		"enableNetworkAddressUsageMetrics": {kind: flag, computed: true},
		// Upstream changes dedicated to default in place; the model has default only.
		"instanceTenancy": {kind: text, replaces: true, fallback: "default", oneOf: []string{"default"}},
	},
	outputs: []string{
		"arn", "defaultNetworkAclId", "defaultRouteTableId", "defaultSecurityGroupId", "dhcpOptionsId",
		"ipv6AssociationId", "ipv6CidrBlock", "ipv6CidrBlockNetworkBorderGroup", "mainRouteTableId", "ownerId",
	},
	refused: []string{
		"assignGeneratedIpv6CidrBlock", "ipv4IpamPoolId", "ipv4NetmaskLength", "ipv6CidrBlock",
		"ipv6CidrBlockNetworkBorderGroup", "ipv6IpamPoolId", "ipv6NetmaskLength",
	},
	tagged: true,
}, createVPC, updateVPC, deleteVPC)

func createVPC(t *call) (string, *vpc, error) {
	cidr := netip.MustParsePrefix(t.in.text("cidrBlock"))
	if cidr.Bits() < 16 || cidr.Bits() > 28 {
		return "", nil, refuseEC2("CreateVpc", "InvalidVpc.Range", "The CIDR '%s' is invalid.", cidr)
	}
	if limit := t.c.quota(QuotaVPCs); len(t.c.vpcs) >= limit {
		return "", nil, refuseEC2("CreateVpc", "VpcLimitExceeded", "The maximum number of VPCs has been reached.")
	}
	if err := checkDNS(t.in); err != nil {
		return "", nil, err
	}
	v := &vpc{
		id: t.c.newID("vpc", t.name), cidr: cidr, tenancy: t.in.text("instanceTenancy"),
		aclID: t.c.newID("acl", t.name), dhcpID: t.c.newID("dopt", "account"),
		subnets: map[string]*subnet{}, groups: map[string]*securityGroup{},
		routeTables: map[string]*routeTable{}, endpoints: map[string]*vpcEndpoint{}, flowLogs: map[string]*flowLog{},
	}
	v.set(t.in)
	t.c.vpcs[v.id] = v
	v.main = t.c.newRouteTable(v, t.name+"/main")
	v.defaultGroup = t.c.newDefaultGroup(v, t.name)
	return v.id, v, nil
}

func (v *vpc) set(in values) {
	v.dnsSupport = in.flag("enableDnsSupport")
	if in.has("enableDnsHostnames") {
		v.dnsHostnames = in.flag("enableDnsHostnames")
	}
	if in.has("enableNetworkAddressUsageMetrics") {
		v.usageMetrics = in.flag("enableNetworkAddressUsageMetrics")
	}
}

func checkDNS(in values) error {
	if in.flag("enableDnsHostnames") && !in.flag("enableDnsSupport") {
		return refuseEC2("ModifyVpcAttribute", "InvalidParameterValue", "enableDnsHostnames needs enableDnsSupport")
	}
	return nil
}

func updateVPC(t *call, v *vpc) error {
	if err := checkDNS(t.in); err != nil {
		return err
	}
	v.set(t.in)
	return nil
}

func deleteVPC(t *call, v *vpc) error {
	// The main route table and the default group go with the VPC, everything else must have gone before.
	if len(v.subnets) > 0 || v.gateway != nil || len(v.groups) > 1 || len(v.routeTables) > 1 || len(v.endpoints) > 0 {
		return refuseEC2("DeleteVpc", "DependencyViolation", "The vpc '%s' has dependencies and cannot be deleted.", v.id)
	}
	delete(t.c.routeTables, v.main.id)
	delete(t.c.groups, v.defaultGroup.id)
	delete(t.c.vpcs, v.id)
	return nil
}

func (v *vpc) attributes(c *Cloud) values {
	return values{
		"arn": c.arn("ec2", "vpc/"+v.id), "cidrBlock": v.cidr.String(), "ownerId": c.options.AccountID,
		"enableDnsHostnames": v.dnsHostnames, "enableDnsSupport": v.dnsSupport,
		"enableNetworkAddressUsageMetrics": v.usageMetrics, "instanceTenancy": v.tenancy,
		"defaultNetworkAclId": v.aclID, "dhcpOptionsId": v.dhcpID,
		"defaultRouteTableId": v.main.id, "mainRouteTableId": v.main.id, "defaultSecurityGroupId": v.defaultGroup.id,
		"ipv6AssociationId": "", "ipv6CidrBlock": "", "ipv6CidrBlockNetworkBorderGroup": "",
	}
}

// vpcNamed finds a VPC for an operation.
func (c *Cloud) vpcNamed(operation, id string) (*vpc, error) {
	if id == "" {
		return nil, refuseEC2(operation, "VPCIdNotSpecified", "No default VPC for this user")
	}
	if v := c.vpcs[id]; v != nil {
		return v, nil
	}
	return nil, refuseEC2(operation, "InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", id)
}
