package awssim

const rolePolicyToken = "aws:iam/rolePolicy:RolePolicy"

// inlineLimit is the size of all inline policies of a role together, without white space
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
const inlineLimit = 10240

// rolePolicy is a policy that is part of one role.
type rolePolicy struct {
	name string
	role *role
}

var rolePolicyType = define(resourceType{
	token: rolePolicyToken, title: "IAM Role Policy",
	source: "internal/service/iam/role_policy.go",
	inputs: properties{
		"name":   {kind: text, replaces: true, computed: true, valid: validIAMName(128)},
		"policy": {kind: document, required: true},
		"role":   {kind: text, required: true, replaces: true},
	},
	outputs:  []string{"namePrefix"},
	refused:  []string{"namePrefix"},
	autoname: "name",
}, createRolePolicy, updateRolePolicy, deleteRolePolicy)

func createRolePolicy(t *call) (string, *rolePolicy, error) {
	owner, err := t.c.roleNamed("PutRolePolicy", t.in.text("role"))
	if err != nil {
		return "", nil, err
	}
	p := &rolePolicy{name: t.in.text("name"), role: owner}
	if _, exists := owner.inline[p.name]; exists {
		// IAM would overwrite it without a word, and two resources would fight over it.
		return "", nil, refuseIAM("PutRolePolicy", "EntityAlreadyExists", "Role %s already has a policy with name %s; IAM would silently overwrite it", owner.name, p.name)
	}
	if err := p.put(t); err != nil {
		return "", nil, err
	}
	return owner.name + ":" + p.name, p, nil
}

func (p *rolePolicy) put(t *call) error {
	text := t.in.text("policy")
	parsed, err := parseIdentityPolicy(text)
	if err != nil {
		return refuseIAM("PutRolePolicy", "MalformedPolicyDocument", "%s", err)
	}
	total := compactSize(text)
	for name, other := range p.role.inline {
		if name != p.name {
			total += compactSize(other.text)
		}
	}
	if total > inlineLimit {
		return refuseIAM("PutRolePolicy", "LimitExceeded", "Maximum policy size of %d bytes exceeded for role %s", inlineLimit, p.role.name)
	}
	p.role.inline[p.name] = inlinePolicy{text: text, policy: parsed}
	return nil
}

func updateRolePolicy(t *call, p *rolePolicy) error { return p.put(t) }

func deleteRolePolicy(_ *call, p *rolePolicy) error {
	delete(p.role.inline, p.name)
	return nil
}

func (p *rolePolicy) attributes(*Cloud) values {
	return values{"name": p.name, "role": p.role.name, "policy": p.role.inline[p.name].text, "namePrefix": ""}
}
