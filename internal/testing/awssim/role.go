package awssim

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
)

const roleToken = "aws:iam/role:Role"

// role is a set of permissions that something may take on.
type role struct {
	name, path, description, uniqueID, created string
	trustText                                  string
	trust                                      *policy
	maxSession                                 int // seconds
	tags                                       map[string]string
	inline                                     map[string]inlinePolicy
	attached                                   map[string]bool // managed policy ARNs
	// boundary is the ARN of the policy that limits all others; limit is its content. Empty and nil for none.
	boundary string
	limit    *policy
	profiles map[string]*instanceProfile
}

type inlinePolicy struct {
	text   string
	policy *policy
}

var iamName = regexp.MustCompile(`^[\w+=,.@-]+$`)

// validIAMName limits the characters and the length of an IAM name.
func validIAMName(limit int) func(any) error {
	return func(value any) error {
		s := value.(string)
		if len(s) == 0 || len(s) > limit || !iamName.MatchString(s) {
			return fmt.Errorf("%q must have 1 to %d characters of letters, digits and _+=,.@-", s, limit)
		}
		return nil
	}
}

var roleType = define(resourceType{
	token: roleToken, title: "IAM Role",
	source: "internal/service/iam/role.go",
	inputs: properties{
		"assumeRolePolicy":    {kind: document, required: true},
		"description":         {kind: text},
		"forceDetachPolicies": {kind: flag, fallback: false},
		"maxSessionDuration":  {kind: whole, fallback: float64(3600), valid: within(3600, 43200)},
		"name":                {kind: text, replaces: true, computed: true, valid: validIAMName(64)},
		"permissionsBoundary": {kind: text, valid: validARN},
		"path":                {kind: text, replaces: true, fallback: "/"},
	},
	outputs: []string{"arn", "createDate", "inlinePolicies", "managedPolicyArns", "namePrefix", "uniqueId"},
	// Inline and exclusive policies fight with RolePolicy and RolePolicyAttachment resources; the program has the latter.
	refused:  []string{"inlinePolicies", "managedPolicyArns", "namePrefix"},
	tagged:   true,
	autoname: "name",
}, createRole, updateRole, deleteRole)

func createRole(t *call) (string, *role, error) {
	name := t.in.text("name")
	if t.c.roles[name] != nil {
		return "", nil, refuseIAM("CreateRole", "EntityAlreadyExists", "Role with name %s already exists.", name)
	}
	r := &role{
		name: name, path: t.in.text("path"), uniqueID: "AROA" + upper(t.c.digits("role", t.name, 16)), created: t.c.now(),
		inline: map[string]inlinePolicy{}, attached: map[string]bool{}, profiles: map[string]*instanceProfile{},
	}
	if err := r.set(t, "CreateRole"); err != nil {
		return "", nil, err
	}
	t.c.roles[name] = r
	return name, r, nil
}

func (r *role) set(t *call, operation string) error {
	text := t.in.text("assumeRolePolicy")
	trust, err := parseTrustPolicy(text)
	if err != nil {
		return refuseIAM(operation, "MalformedPolicyDocument", "%s", err)
	}
	if len(text) > 2048 {
		return refuseIAM(operation, "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048")
	}
	limit, boundary := (*policy)(nil), t.in.text("permissionsBoundary")
	if boundary != "" {
		content, exists := t.c.options.Policies[boundary]
		if !exists {
			return refuseIAM(operation, "InvalidInput", "Scope ARN: %s does not exist or is not attachable.", boundary)
		}
		if limit, err = parseIdentityPolicy(content); err != nil {
			return refuseIAM(operation, "InvalidInput", "%s", err)
		}
	}
	r.boundary, r.limit = boundary, limit
	r.trust, r.trustText, r.tags = trust, text, t.tags
	r.description, r.maxSession = t.in.text("description"), t.in.whole("maxSessionDuration")
	return nil
}

func updateRole(t *call, r *role) error { return r.set(t, "UpdateAssumeRolePolicy") }

func deleteRole(t *call, r *role) error {
	const operation = "DeleteRole"
	if t.in.flag("forceDetachPolicies") {
		clear(r.attached)
		clear(r.inline)
	}
	// The real provider removes the role from instance profiles first; here its references must be deleted before it.
	switch {
	case len(r.profiles) > 0:
		return refuseIAM(operation, "DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
	case len(r.attached) > 0:
		return refuseIAM(operation, "DeleteConflict", "Cannot delete entity, must detach all policies first.")
	case len(r.inline) > 0:
		return refuseIAM(operation, "DeleteConflict", "Cannot delete entity, must delete policies first.")
	}
	delete(t.c.roles, r.name)
	return nil
}

func (r *role) arn(c *Cloud) string { return c.globalARN("iam", "role"+r.path+r.name) }

// policies are all that apply to whoever assumed the role.
func (r *role) policies() []*policy {
	var out []*policy
	for _, p := range r.inline {
		out = append(out, p.policy)
	}
	for arn := range r.attached {
		out = append(out, managedPolicies[arn])
	}
	return out
}

func (r *role) attributes(c *Cloud) values {
	attached, inline := []any{}, []any{}
	for _, arn := range slices.Sorted(maps.Keys(r.attached)) {
		attached = append(attached, arn)
	}
	for _, name := range slices.Sorted(maps.Keys(r.inline)) {
		inline = append(inline, values{"name": name, "policy": r.inline[name].text})
	}
	return values{
		"arn": r.arn(c), "name": r.name, "path": r.path, "description": r.description, "uniqueId": r.uniqueID, "createDate": r.created,
		"assumeRolePolicy": r.trustText, "maxSessionDuration": r.maxSession, "managedPolicyArns": attached, "inlinePolicies": inline,
		"namePrefix": "", "permissionsBoundary": r.boundary,
	}
}

// roleNamed finds a role for an operation.
func (c *Cloud) roleNamed(operation, name string) (*role, error) {
	if r := c.roles[name]; r != nil {
		return r, nil
	}
	return nil, refuseIAM(operation, "NoSuchEntity", "The role with name %s cannot be found.", name)
}
