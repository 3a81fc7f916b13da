package awssim

import (
	"net/netip"
	"strings"
)

const (
	ingressRuleToken = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	egressRuleToken  = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
)

// permission is the part of a rule that AWS compares to find a duplicate; the description does not count.
type permission struct {
	egress   bool
	protocol string
	from, to int
	// cidr or group is the other side.
	cidr, group string
}

// securityGroupRule allows some traffic into or out of a group's members.
type securityGroupRule struct {
	id          string
	group       *securityGroup
	egress      bool
	permission  permission
	description string
}

var (
	ingressRuleType = ruleType(ingressRuleToken, "EC2 Security Group Ingress Rule", "internal/service/ec2/vpc_security_group_ingress_rule.go", false)
	egressRuleType  = ruleType(egressRuleToken, "EC2 Security Group Egress Rule", "internal/service/ec2/vpc_security_group_egress_rule.go", true)
)

func ruleType(token, title, source string, egress bool) *resourceType {
	port := property{kind: whole, valid: within(-1, 65535)}
	return define(resourceType{
		token: token, title: title, source: source,
		inputs: properties{
			"cidrIpv4":                  {kind: text, valid: validCIDR},
			"description":               {kind: text, valid: validGroupText},
			"fromPort":                  port,
			"ipProtocol":                {kind: text, required: true, hash: normalProtocol, valid: validProtocol},
			"referencedSecurityGroupId": {kind: text},
			"securityGroupId":           {kind: text, required: true, replaces: true},
			"toPort":                    port,
		},
		outputs: []string{"arn", "securityGroupRuleId"},
		refused: []string{"cidrIpv6", "prefixListId"},
		tagged:  true,
		check:   checkRule,
		// A rule's ports and values change in place, the kind of its other side does not (ModifyPlan upstream).
		alsoReplaces: func(old, new values) []string {
			if old.text("cidrIpv4") != "" && new["cidrIpv4"] == nil || old.text("referencedSecurityGroupId") != "" && new["referencedSecurityGroupId"] == nil {
				return []string{"cidrIpv4", "referencedSecurityGroupId"}
			}
			return nil
		},
	}, func(t *call) (string, *securityGroupRule, error) { return createRule(t, egress) }, updateRule, deleteRule)
}

func checkRule(in values) []Problem {
	var found []Problem
	_, cidr := in["cidrIpv4"]
	_, group := in["referencedSecurityGroupId"]
	if cidr == group {
		found = append(found, Problem{"cidrIpv4", "exactly one of cidrIpv4 and referencedSecurityGroupId must be set"})
	}
	_, from := in["fromPort"]
	_, to := in["toPort"]
	// With all protocols AWS drops the ports, and the provider then finds a change that never ends.
	if normalProtocol(in.text("ipProtocol")) == "-1" && (from || to) {
		found = append(found, Problem{"fromPort", "must not be set, nor toPort, with ipProtocol -1: it means all ports"})
	}
	return found
}

func createRule(t *call, egress bool) (string, *securityGroupRule, error) {
	operation := "AuthorizeSecurityGroupIngress"
	if egress {
		operation = "AuthorizeSecurityGroupEgress"
	}
	g, err := t.c.groupNamed(operation, t.in.text("securityGroupId"))
	if err != nil {
		return "", nil, err
	}
	r := &securityGroupRule{group: g, egress: egress, description: t.in.text("description")}
	if r.permission, err = t.permission(operation, r); err != nil {
		return "", nil, err
	}
	if len(r.siblings()) >= t.c.quota(QuotaRulesPerGroup) {
		return "", nil, refuseEC2(operation, "RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.")
	}
	r.id = t.c.newID("sgr", t.name)
	r.put(t.c)
	return r.id, r, nil
}

// permission reads and validates the traffic that a rule allows.
func (t *call) permission(operation string, r *securityGroupRule) (permission, error) {
	p := permission{
		egress: r.egress, protocol: normalProtocol(t.in.text("ipProtocol")), from: -1, to: -1,
		cidr: t.in.text("cidrIpv4"), group: t.in.text("referencedSecurityGroupId"),
	}
	if t.in.has("fromPort") {
		p.from = t.in.whole("fromPort")
	}
	if t.in.has("toPort") {
		p.to = t.in.whole("toPort")
	}
	if p.protocol == "tcp" || p.protocol == "udp" {
		switch {
		case p.from < 0 || p.to < 0:
			return p, refuseEC2(operation, "InvalidParameterValue", "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.")
		case p.from > p.to:
			return p, refuseEC2(operation, "InvalidParameterValue", "Invalid TCP/UDP port range (%d, %d)", p.from, p.to)
		}
	}
	if p.group != "" {
		other, err := t.c.groupNamed(operation, p.group)
		if err != nil {
			return p, err
		}
		if other.vpc != r.group.vpc {
			return p, refuseEC2(operation, "InvalidGroup.NotFound", "You have specified two resources that belong to different networks.")
		}
	}
	if id, exists := r.group.permissions[p]; exists && id != r.id {
		return p, refuseEC2(operation, "InvalidPermission.Duplicate", "the specified rule \"peer: %s%s, %s, from port: %d, to port: %d, ALLOW\" already exists",
			p.cidr, p.group, strings.ToUpper(p.protocol), p.from, p.to)
	}
	return p, nil
}

func (r *securityGroupRule) siblings() map[string]*securityGroupRule {
	if r.egress {
		return r.group.egress
	}
	return r.group.ingress
}

func (r *securityGroupRule) token() string {
	if r.egress {
		return egressRuleToken
	}
	return ingressRuleToken
}

// put makes the rule count, remove undoes it.
func (r *securityGroupRule) put(c *Cloud) {
	r.siblings()[r.id] = r
	r.group.permissions[r.permission] = r.id
	c.rules[r.id] = r
	if other := c.groups[r.permission.group]; other != nil {
		other.referencedBy[r.id] = r
	}
}

func (r *securityGroupRule) remove(c *Cloud) {
	delete(r.siblings(), r.id)
	delete(r.group.permissions, r.permission)
	delete(c.rules, r.id)
	if other := c.groups[r.permission.group]; other != nil {
		delete(other.referencedBy, r.id)
	}
}

func updateRule(t *call, r *securityGroupRule) error {
	p, err := t.permission("ModifySecurityGroupRules", r)
	if err != nil {
		return err
	}
	r.remove(t.c)
	r.permission, r.description = p, t.in.text("description")
	r.put(t.c)
	return nil
}

func deleteRule(t *call, r *securityGroupRule) error {
	r.remove(t.c)
	return nil
}

// admits reports whether the rule allows a packet with the other side at addr, in groups.
func (r *securityGroupRule) admits(protocol string, port int, addr netip.Addr, groups []*securityGroup) bool {
	p := r.permission
	if p.protocol != "-1" && p.protocol != protocol {
		return false
	}
	if (p.protocol == "tcp" || p.protocol == "udp") && (port < p.from || port > p.to) {
		return false
	}
	if p.cidr != "" {
		return netip.MustParsePrefix(p.cidr).Contains(addr)
	}
	for _, g := range groups {
		if g.id == p.group {
			return true
		}
	}
	return false
}

func (r *securityGroupRule) attributes(c *Cloud) values {
	p := r.permission
	out := values{
		"arn": c.arn("ec2", "security-group-rule/"+r.id), "securityGroupRuleId": r.id, "securityGroupId": r.group.id,
		"ipProtocol": p.protocol, "cidrIpv4": p.cidr, "referencedSecurityGroupId": p.group, "description": r.description,
	}
	// The provider keeps absent ports absent where AWS returns -1.
	if p.from != -1 {
		out["fromPort"] = p.from
	}
	if p.to != -1 {
		out["toPort"] = p.to
	}
	return out
}
