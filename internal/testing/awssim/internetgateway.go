package awssim

const internetGatewayToken = "aws:ec2/internetGateway:InternetGateway"

// internetGateway joins a VPC to the internet.
type internetGateway struct {
	id  string
	vpc *vpc
}

var internetGatewayType = define(resourceType{
	token: internetGatewayToken, title: "EC2 Internet Gateway",
	source: "internal/service/ec2/vpc_internet_gateway.go",
	// A changed VPC detaches and attaches in place.
	inputs:  properties{"vpcId": {kind: text, computed: true}},
	outputs: []string{"arn", "ownerId"},
	tagged:  true,
}, createInternetGateway, updateInternetGateway, deleteInternetGateway)

func createInternetGateway(t *call) (string, *internetGateway, error) {
	g := &internetGateway{}
	if err := g.attach(t); err != nil {
		return "", nil, err
	}
	g.id = t.c.newID("igw", t.name)
	t.c.gateways[g.id] = g
	return g.id, g, nil
}

func (g *internetGateway) attach(t *call) error {
	if !t.in.has("vpcId") {
		return nil
	}
	v, err := t.c.vpcNamed("AttachInternetGateway", t.in.text("vpcId"))
	if err != nil {
		return err
	}
	if v.gateway != nil {
		return refuseEC2("AttachInternetGateway", "InvalidParameterValue", "Network %s already has an internet gateway attached", v.id)
	}
	v.gateway, g.vpc = g, v
	return nil
}

func (g *internetGateway) detach() error {
	if g.vpc == nil {
		return nil
	}
	if g.vpc.publicMappings > 0 {
		return refuseEC2("DetachInternetGateway", "DependencyViolation",
			"Network %s has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.", g.vpc.id)
	}
	g.vpc.gateway, g.vpc = nil, nil
	return nil
}

func updateInternetGateway(t *call, g *internetGateway) error {
	if !t.changed("vpcId") {
		return nil
	}
	next, err := t.c.vpcNamed("AttachInternetGateway", t.in.text("vpcId"))
	if err != nil {
		return err
	}
	if next.gateway != nil {
		return refuseEC2("AttachInternetGateway", "InvalidParameterValue", "Network %s already has an internet gateway attached", next.id)
	}
	if err := g.detach(); err != nil {
		return err
	}
	return g.attach(t)
}

func deleteInternetGateway(t *call, g *internetGateway) error {
	if err := g.detach(); err != nil {
		return err
	}
	delete(t.c.gateways, g.id)
	return nil
}

func (g *internetGateway) attributes(c *Cloud) values {
	out := values{"arn": c.arn("ec2", "internet-gateway/"+g.id), "ownerId": c.options.AccountID, "vpcId": ""}
	if g.vpc != nil {
		out["vpcId"] = g.vpc.id
	}
	return out
}
