package awssim

import (
	"fmt"
	"regexp"
	"strings"
)

const securityGroupToken = "aws:ec2/securityGroup:SecurityGroup"

// securityGroup is a stateful packet filter: packets that no rule allows are dropped. The Terraform provider removes the
// rule of a new group that allows all egress, so without egress rules no packet leaves.
type securityGroup struct {
	id, name, description string
	vpc                   *vpc
	ingress, egress       map[string]*securityGroupRule
	permissions           map[permission]string // rule identifiers, to find a duplicate at once
	members               map[string]bool       // instances that have the group
	referencedBy          map[string]*securityGroupRule
}

// groupText matches the descriptions of groups and rules that AWS accepts
// (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html).
var groupText = regexp.MustCompile(`^[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]*$`)

var securityGroupType = define(resourceType{
	token: securityGroupToken, title: "EC2 Security Group",
	source: "internal/service/ec2/vpc_security_group.go",
	seen:   "a changed description deletes the group first, which fails for 15 minutes while it is in use",
	inputs: properties{
		"description":         {kind: text, replaces: true, fallback: "Managed by Pulumi", valid: validGroupText},
		"name":                {kind: text, replaces: true, computed: true, valid: validGroupName},
		"revokeRulesOnDelete": {kind: flag, fallback: false},
		"vpcId":               {kind: text, required: true, replaces: true},
	},
	outputs: []string{"arn", "egress", "ingress", "namePrefix", "ownerId"},
	// Inline rules fight with separate rule resources; the program has the latter.
	refused:  []string{"egress", "ingress", "namePrefix"},
	tagged:   true,
	autoname: "name",
}, createSecurityGroup, updateSecurityGroup, deleteSecurityGroup)

func validGroupText(value any) error {
	s := value.(string)
	if len(s) > 255 || !groupText.MatchString(s) {
		return fmt.Errorf("%q is not a valid security group description: at most 255 characters of a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*", s)
	}
	return nil
}

func validGroupName(value any) error {
	s := value.(string)
	if strings.HasPrefix(s, "sg-") {
		return fmt.Errorf("%q: a group name may not begin with sg-", s)
	}
	return validGroupText(value)
}

func createSecurityGroup(t *call) (string, *securityGroup, error) {
	const operation = "CreateSecurityGroup"
	v, err := t.c.vpcNamed(operation, t.in.text("vpcId"))
	if err != nil {
		return "", nil, err
	}
	name := t.in.text("name")
	if name == "default" {
		return "", nil, refuseEC2(operation, "InvalidParameterValue", "Cannot use reserved security group name: default")
	}
	if v.groups[name] != nil {
		return "", nil, refuseEC2(operation, "InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", name, v.id)
	}
	g := t.c.newGroup(v, t.name, name, t.in.text("description"))
	return g.id, g, nil
}

func (c *Cloud) newGroup(v *vpc, logicalName, name, description string) *securityGroup {
	g := &securityGroup{
		id: c.newID("sg", logicalName), name: name, description: description, vpc: v,
		ingress: map[string]*securityGroupRule{}, egress: map[string]*securityGroupRule{}, permissions: map[permission]string{},
		members: map[string]bool{}, referencedBy: map[string]*securityGroupRule{},
	}
	v.groups[name] = g
	c.groups[g.id] = g
	return g
}

// newDefaultGroup is the one AWS makes with a VPC: its members reach each other and everything outside.
func (c *Cloud) newDefaultGroup(v *vpc, logicalName string) *securityGroup {
	g := c.newGroup(v, logicalName+"/default", "default", "default VPC security group")
	for _, r := range []*securityGroupRule{
		{group: g, egress: false, permission: permission{protocol: "-1", from: -1, to: -1, group: g.id}},
		{group: g, egress: true, permission: permission{egress: true, protocol: "-1", from: -1, to: -1, cidr: "0.0.0.0/0"}},
	} {
		r.id = c.newID("sgr", logicalName+"/default")
		r.put(c)
	}
	return g
}

func updateSecurityGroup(*call, *securityGroup) error { return nil } // revokeRulesOnDelete is the provider's own

func deleteSecurityGroup(t *call, g *securityGroup) error {
	if len(g.members) > 0 {
		return refuseEC2("DeleteSecurityGroup", "DependencyViolation", "resource %s has a dependent object", g.id)
	}
	for _, r := range g.referencedBy {
		if r.group != g {
			return refuseEC2("DeleteSecurityGroup", "DependencyViolation", "resource %s has a dependent object", g.id)
		}
	}
	for _, rules := range []map[string]*securityGroupRule{g.ingress, g.egress} {
		for _, r := range rules {
			r.remove(t.c)
			t.c.forget(r.token(), r.id)
		}
	}
	delete(g.vpc.groups, g.name)
	delete(t.c.groups, g.id)
	return nil
}

func (g *securityGroup) attributes(c *Cloud) values {
	// The provider reads rules here too, but as computed values that nothing compares; they are left out.
	return values{
		"arn": c.arn("ec2", "security-group/"+g.id), "ownerId": c.options.AccountID, "vpcId": g.vpc.id,
		"name": g.name, "description": g.description, "namePrefix": "", "ingress": []any{}, "egress": []any{},
	}
}

// groupNamed finds a security group for an operation.
func (c *Cloud) groupNamed(operation, id string) (*securityGroup, error) {
	if g := c.groups[id]; g != nil {
		return g, nil
	}
	return nil, refuseEC2(operation, "InvalidGroup.NotFound", "The security group '%s' does not exist", id)
}
