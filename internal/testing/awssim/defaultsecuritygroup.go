package awssim

import "maps"

const defaultSecurityGroupToken = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"

// defaultSecurityGroup is the default group of a VPC, taken over by the program. The provider then removes all of its rules.
type defaultSecurityGroup struct{ group *securityGroup }

var defaultSecurityGroupType = define(resourceType{
	token: defaultSecurityGroupToken, title: "EC2 Default Security Group",
	source: "internal/service/ec2/vpc_default_security_group.go",
	inputs: properties{
		"revokeRulesOnDelete": {kind: flag, fallback: false},
		"vpcId":               {kind: text, required: true, replaces: true},
	},
	outputs: []string{"arn", "description", "name", "namePrefix", "ownerId"},
	refused: []string{"egress", "ingress"},
	tagged:  true,
}, adoptDefaultGroup, nil, leaveDefaultGroup)

func adoptDefaultGroup(t *call) (string, *defaultSecurityGroup, error) {
	v, err := t.c.vpcNamed("DescribeSecurityGroups", t.in.text("vpcId"))
	if err != nil {
		return "", nil, err
	}
	g := v.defaultGroup
	for _, rules := range []map[string]*securityGroupRule{g.ingress, g.egress} {
		for _, r := range maps.Clone(rules) {
			r.remove(t.c)
		}
	}
	return g.id, &defaultSecurityGroup{g}, nil
}

// leaveDefaultGroup does nothing: the group goes with its VPC, and keeps the rules that it has.
func leaveDefaultGroup(*call, *defaultSecurityGroup) error { return nil }

func (d *defaultSecurityGroup) attributes(c *Cloud) values {
	out := d.group.attributes(c)
	delete(out, "ingress")
	delete(out, "egress")
	return out
}
