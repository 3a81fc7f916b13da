package awssim

import (
	"slices"
	"strings"
	"time"
)

const vpcEndpointToken = "aws:ec2/vpcEndpoint:VpcEndpoint"

// vpcEndpoint is a gateway endpoint: a route to S3 or DynamoDB that leaves no trace on the internet.
type vpcEndpoint struct {
	id, prefixList string
	vpc            *vpc
	service        string
	policy         string
	tables         []*routeTable
}

// allAccess is the default policy of an endpoint.
const allAccess = `{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}],"Version":"2008-10-17"}`

var vpcEndpointType = define(resourceType{
	token: vpcEndpointToken, title: "EC2 VPC Endpoint",
	source: "internal/service/ec2/vpc_endpoint.go",
	wait:   5 * time.Second,
	inputs: properties{
		"policy":        {kind: document, computed: true},
		"routeTableIds": {kind: textSet, computed: true},
		"serviceName":   {kind: text, required: true, replaces: true},
		// Interface endpoints have network interfaces and a price; none is used, so none is modeled.
		"vpcEndpointType": {kind: text, replaces: true, fallback: "Gateway", oneOf: []string{"Gateway"}},
		"vpcId":           {kind: text, required: true, replaces: true},
	},
	outputs: []string{
		"arn", "cidrBlocks", "dnsEntries", "dnsOptions", "ipAddressType", "networkInterfaceIds", "ownerId", "prefixListId",
		"privateDnsEnabled", "requesterManaged", "securityGroupIds", "serviceRegion", "state", "subnetConfigurations", "subnetIds",
	},
	refused: []string{
		"autoAccept", "dnsOptions", "ipAddressType", "privateDnsEnabled", "resourceConfigurationArn", "securityGroupIds",
		"serviceNetworkArn", "serviceRegion", "subnetConfigurations", "subnetIds",
	},
	tagged: true,
}, createVPCEndpoint, updateVPCEndpoint, deleteVPCEndpoint)

func createVPCEndpoint(t *call) (string, *vpcEndpoint, error) {
	const operation = "CreateVpcEndpoint"
	v, err := t.c.vpcNamed(operation, t.in.text("vpcId"))
	if err != nil {
		return "", nil, err
	}
	service := t.in.text("serviceName")
	if name := strings.TrimPrefix(service, "com.amazonaws."+t.c.options.Region+"."); name != "s3" && name != "dynamodb" {
		return "", nil, refuseEC2(operation, "InvalidServiceName", "The Vpc Endpoint Service '%s' does not exist", service)
	}
	e := &vpcEndpoint{vpc: v, service: service, policy: allAccess}
	tables, err := t.endpointTables(operation, e)
	if err != nil {
		return "", nil, err
	}
	if err := t.endpointPolicy(operation, e); err != nil {
		return "", nil, err
	}
	e.id, e.prefixList = t.c.newID("vpce", t.name), "pl-"+t.c.digits("pl", service, 8)
	e.connect(tables)
	v.endpoints[e.id] = e
	return e.id, e, nil
}

// endpointTables are the requested route tables; each may have one endpoint per service.
func (t *call) endpointTables(operation string, e *vpcEndpoint) ([]*routeTable, error) {
	var tables []*routeTable
	for _, id := range t.in.texts("routeTableIds") {
		table, err := t.c.routeTableNamed(operation, id)
		if err != nil {
			return nil, err
		}
		if table.vpc != e.vpc {
			return nil, refuseEC2(operation, "InvalidParameter", "Route table %s and VPC %s belong to different networks", id, e.vpc.id)
		}
		if other := table.endpoints[e.service]; other != nil && other != e {
			return nil, refuseEC2(operation, "RouteAlreadyExists", "route table %s already has a route with destination-prefix-list-id %s", id, other.prefixList)
		}
		tables = append(tables, table)
	}
	return tables, nil
}

func (t *call) endpointPolicy(operation string, e *vpcEndpoint) error {
	if !t.in.has("policy") {
		return nil
	}
	if _, err := parsePolicy(t.in.text("policy")); err != nil {
		return refuseEC2(operation, "InvalidPolicyDocument", "%s", err)
	}
	e.policy = t.in.text("policy")
	return nil
}

func (e *vpcEndpoint) connect(tables []*routeTable) {
	for _, table := range e.tables {
		delete(table.endpoints, e.service)
	}
	for _, table := range tables {
		table.endpoints[e.service] = e
	}
	e.tables = tables
}

func updateVPCEndpoint(t *call, e *vpcEndpoint) error {
	const operation = "ModifyVpcEndpoint"
	tables, err := t.endpointTables(operation, e)
	if err != nil {
		return err
	}
	if err := t.endpointPolicy(operation, e); err != nil {
		return err
	}
	if t.in.has("routeTableIds") {
		e.connect(tables)
	}
	return nil
}

func deleteVPCEndpoint(_ *call, e *vpcEndpoint) error {
	e.connect(nil)
	delete(e.vpc.endpoints, e.id)
	return nil
}

func (e *vpcEndpoint) attributes(c *Cloud) values {
	var tables []any
	for _, table := range e.tables {
		tables = append(tables, table.id)
	}
	slices.SortFunc(tables, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
	return values{
		"arn": c.arn("ec2", "vpc-endpoint/"+e.id), "ownerId": c.options.AccountID, "vpcId": e.vpc.id, "serviceName": e.service,
		"vpcEndpointType": "Gateway", "policy": e.policy, "prefixListId": e.prefixList, "state": "available", "routeTableIds": tables,
		// Documentation addresses in place of the service's real ones.
		"cidrBlocks": []any{"192.0.2.128/25"}, "serviceRegion": c.options.Region, "requesterManaged": false, "privateDnsEnabled": false,
		"ipAddressType": "ipv4", "dnsEntries": []any{}, "networkInterfaceIds": []any{}, "securityGroupIds": []any{},
		"subnetIds": []any{}, "subnetConfigurations": []any{}, "dnsOptions": values{"dnsRecordIpType": "ipv4"},
	}
}
