package awssim

const flowLogToken = "aws:ec2/flowLog:FlowLog"

// flowLog records the connections in a VPC.
type flowLog struct {
	id   string
	vpc  *vpc
	into *logGroup
	role string
	in   values
}

// flowLogService delivers the records.
const flowLogService = "vpc-flow-logs.amazonaws.com"

var flowLogType = define(resourceType{
	token: flowLogToken, title: "VPC Flow Log",
	source: "internal/service/ec2/vpc_flow_log.go",
	inputs: properties{
		"iamRoleArn":             {kind: text, required: true, replaces: true, valid: validARN},
		"logDestination":         {kind: text, required: true, replaces: true, valid: validARN},
		"logDestinationType":     {kind: text, replaces: true, fallback: "cloud-watch-logs", oneOf: []string{"cloud-watch-logs"}},
		"maxAggregationInterval": {kind: whole, replaces: true, fallback: float64(600), valid: within(60, 600)},
		"trafficType":            {kind: text, required: true, replaces: true, oneOf: []string{"ACCEPT", "ALL", "REJECT"}},
		"vpcId":                  {kind: text, required: true, replaces: true},
	},
	outputs: []string{"arn", "logFormat", "logGroupName"},
	refused: []string{
		"deliverCrossAccountRole", "destinationOptions", "eniId", "logFormat", "logGroupName", "subnetId", "transitGatewayAttachmentId",
		"transitGatewayId",
	},
	tagged: true,
}, createFlowLog, nil, deleteFlowLog)

func createFlowLog(t *call) (string, *flowLog, error) {
	const operation = "CreateFlowLogs"
	v, err := t.c.vpcNamed(operation, t.in.text("vpcId"))
	if err != nil {
		return "", nil, err
	}
	f := &flowLog{vpc: v, role: t.in.text("iamRoleArn"), in: t.in}
	for _, g := range t.c.logGroups {
		if g.arn(t.c) == t.in.text("logDestination") {
			f.into = g
		}
	}
	if f.into == nil {
		// EC2 would create the group with the first record, without retention, and leave it behind.
		return "", nil, refuseEC2(operation, "InvalidParameter", "the log group %s does not exist; the service would create one that nobody deletes", t.in.text("logDestination"))
	}
	for _, r := range t.c.roles {
		if r.arn(t.c) == f.role && r.trust.trusts(flowLogService) {
			f.id = t.c.newID("fl", t.name)
			v.flowLogs[f.id] = f
			return f.id, f, nil
		}
	}
	return "", nil, refuseEC2(operation, "InvalidParameter", "Access error for given IAM role: %s", f.role)
}

func deleteFlowLog(_ *call, f *flowLog) error {
	delete(f.vpc.flowLogs, f.id)
	return nil
}

func (f *flowLog) attributes(c *Cloud) values {
	return values{
		"arn": c.arn("ec2", "vpc-flow-log/"+f.id), "vpcId": f.vpc.id, "logDestination": f.into.arn(c), "iamRoleArn": f.role,
		"logGroupName": f.into.name,
		"logFormat": "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} " +
			"${bytes} ${start} ${end} ${action} ${log-status}",
	}
}
