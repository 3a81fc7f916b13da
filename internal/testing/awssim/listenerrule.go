package awssim

import (
	"net/netip"
	"slices"
	"strings"
)

const listenerRuleToken = "aws:lb/listenerRule:ListenerRule"

// listenerRule chooses requests of a listener. The rule with the lowest priority whose conditions all hold decides.
type listenerRule struct {
	arn        string
	priority   int
	listener   *listener
	conditions []values
	action     values
}

// conditionValues is the quota "Condition values per rule" of Application Load Balancers.
const conditionValues = 5

var conditionKinds = []string{"hostHeader", "pathPattern", "sourceIp"}

var listenerRuleType = define(resourceType{
	token: listenerRuleToken, title: "ELBv2 Listener Rule",
	source: "internal/service/elbv2/listener_rule.go",
	inputs: properties{
		"actions": {kind: blocks, required: true, fields: actionFields},
		"conditions": {kind: blocks, required: true, fields: properties{
			"hostHeader":  {kind: block, fields: properties{"values": {kind: textSet, required: true}}},
			"pathPattern": {kind: block, fields: properties{"values": {kind: textSet, required: true}}},
			"sourceIp":    {kind: block, fields: properties{"values": {kind: textSet, required: true}}},
		}},
		"listenerArn": {kind: text, required: true, replaces: true, valid: validARN},
		"priority":    {kind: whole, computed: true, valid: within(1, 50000)},
	},
	outputs: []string{"arn"},
	tagged:  true,
	check: func(in values) []Problem {
		found := actionProblems("actions", in)
		for _, condition := range in.blocks("conditions") {
			for _, cidr := range condition.block("sourceIp").texts("values") {
				if err := validCIDR(cidr); err != nil {
					found = append(found, Problem{"conditions", err.Error()})
				}
			}
		}
		return found
	},
}, createListenerRule, updateListenerRule, deleteListenerRule)

func createListenerRule(t *call) (string, *listenerRule, error) {
	const operation = "CreateRule"
	n := t.c.listeners[t.in.text("listenerArn")]
	if n == nil {
		return "", nil, refuseELB(operation, "ListenerNotFound", "Listener '%s' not found", t.in.text("listenerArn"))
	}
	r := &listenerRule{listener: n}
	r.arn = strings.Replace(n.arn, ":listener/", ":listener-rule/", 1) + "/" + t.c.digits("rule", t.name, 16)
	if err := r.set(t, operation); err != nil {
		return "", nil, err
	}
	n.rules[r.arn] = r
	t.c.listenerRules[r.arn] = r
	return r.arn, r, nil
}

func (r *listenerRule) set(t *call, operation string) error {
	priority := t.in.whole("priority")
	if priority == 0 {
		for _, other := range r.listener.rules {
			priority = max(priority, other.priority)
		}
		priority++
	}
	for _, other := range r.listener.rules {
		if other != r && other.priority == priority {
			return refuseELB(operation, "PriorityInUse", "Priority '%d' is currently in use", priority)
		}
	}
	conditions, count := t.in.blocks("conditions"), 0
	for _, condition := range conditions {
		for _, kind := range conditionKinds {
			count += len(condition.block(kind).texts("values"))
		}
	}
	if count == 0 {
		return refuseELB(operation, "ValidationError", "A condition must be specified")
	}
	if count > conditionValues {
		return refuseELB(operation, "ValidationError", "A rule can only have '%d' condition values", conditionValues)
	}
	action, err := t.c.action(operation, r.listener.balancer, t.in.blocks("actions"))
	if err != nil {
		return err
	}
	for _, g := range t.c.targetGroups {
		delete(g.users, r.arn)
	}
	r.priority, r.conditions, r.action = priority, conditions, action
	t.c.use(action, r.arn)
	return nil
}

func (r *listenerRule) drop(c *Cloud) {
	for _, g := range c.targetGroups {
		delete(g.users, r.arn)
	}
	delete(r.listener.rules, r.arn)
	delete(c.listenerRules, r.arn)
}

func updateListenerRule(t *call, r *listenerRule) error { return r.set(t, "ModifyRule") }

func deleteListenerRule(t *call, r *listenerRule) error {
	r.drop(t.c)
	return nil
}

func (r *listenerRule) attributes(*Cloud) values { return values{"arn": r.arn, "priority": r.priority} }

// matches reports whether all conditions hold. Host names have no case; paths do.
func (r *listenerRule) matches(host, path string, from netip.Addr) bool {
	for _, condition := range r.conditions {
		if hosts := condition.block("hostHeader").texts("values"); hosts != nil && !anyWildcard(strings.ToLower(host), hosts) {
			return false
		}
		if paths := condition.block("pathPattern").texts("values"); paths != nil && !anyWildcard(path, paths) {
			return false
		}
		if ranges := condition.block("sourceIp").texts("values"); ranges != nil && !slices.ContainsFunc(ranges, func(cidr string) bool {
			return netip.MustParsePrefix(cidr).Contains(from)
		}) {
			return false
		}
	}
	return true
}
