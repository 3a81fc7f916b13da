package awssim

const targetGroupAttachmentToken = "aws:lb/targetGroupAttachment:TargetGroupAttachment"

// targetGroupAttachment is an instance in a target group.
type targetGroupAttachment struct {
	id    string
	port  int
	group *targetGroup
	// target is the instance's identifier: a terminated instance stays registered, and gets no requests.
	target string
	// left is true while the instance has deregistered itself.
	left bool
}

var targetGroupAttachmentType = define(resourceType{
	token: targetGroupAttachmentToken, title: "ELBv2 Target Group Attachment",
	source: "internal/service/elbv2/target_group_attachment.go",
	inputs: properties{
		"port":           {kind: whole, replaces: true, valid: within(1, 65535)},
		"targetGroupArn": {kind: text, required: true, replaces: true, valid: validARN},
		"targetId":       {kind: text, required: true, replaces: true},
	},
	refused: []string{"availabilityZone"},
}, createTargetGroupAttachment, nil, deleteTargetGroupAttachment)

func createTargetGroupAttachment(t *call) (string, *targetGroupAttachment, error) {
	const operation = "RegisterTargets"
	g, err := t.c.targetGroupNamed(operation, t.in.text("targetGroupArn"))
	if err != nil {
		return "", nil, err
	}
	i := t.c.instances[t.in.text("targetId")]
	if i == nil || i.state != "running" {
		return "", nil, refuseELB(operation, "InvalidTarget", "The following targets are not in a running state and cannot be registered: '%s'", t.in.text("targetId"))
	}
	if i.subnet.vpc != g.vpc {
		return "", nil, refuseELB(operation, "InvalidTarget", "The following targets are not in the target group VPC '%s': '%s'", g.vpc.id, i.id)
	}
	a := &targetGroupAttachment{group: g, target: i.id, port: g.port}
	if t.in.has("port") {
		a.port = t.in.whole("port")
	}
	a.id = g.arn + "-" + t.c.digits("target", t.name, 26)
	g.targets[a.id] = a
	return a.id, a, nil
}

func deleteTargetGroupAttachment(_ *call, a *targetGroupAttachment) error {
	delete(a.group.targets, a.id)
	return nil
}

func (a *targetGroupAttachment) attributes(*Cloud) values { return values{} }
