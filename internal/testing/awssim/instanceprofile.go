package awssim

const instanceProfileToken = "aws:iam/instanceProfile:InstanceProfile"

// instanceProfile hands a role to instances.
type instanceProfile struct {
	name, path, uniqueID, created string
	role                          *role
}

var instanceProfileType = define(resourceType{
	token: instanceProfileToken, title: "IAM Instance Profile",
	source: "internal/service/iam/instance_profile.go",
	inputs: properties{
		"name": {kind: text, replaces: true, computed: true, valid: validIAMName(128)},
		"path": {kind: text, replaces: true, fallback: "/"},
		"role": {kind: text}, // in place
	},
	outputs:  []string{"arn", "createDate", "namePrefix", "uniqueId"},
	refused:  []string{"namePrefix"},
	tagged:   true,
	autoname: "name",
}, createInstanceProfile, updateInstanceProfile, deleteInstanceProfile)

func createInstanceProfile(t *call) (string, *instanceProfile, error) {
	name := t.in.text("name")
	if t.c.profiles[name] != nil {
		return "", nil, refuseIAM("CreateInstanceProfile", "EntityAlreadyExists", "Instance Profile %s already exists.", name)
	}
	p := &instanceProfile{
		name: name, path: t.in.text("path"), uniqueID: "AIPA" + upper(t.c.digits("profile", t.name, 16)), created: t.c.now(),
	}
	if err := p.setRole(t); err != nil {
		return "", nil, err
	}
	t.c.profiles[name] = p
	return name, p, nil
}

func (p *instanceProfile) setRole(t *call) error {
	var next *role
	if name := t.in.text("role"); name != "" {
		var err error
		if next, err = t.c.roleNamed("AddRoleToInstanceProfile", name); err != nil {
			return err
		}
	}
	if p.role != nil {
		delete(p.role.profiles, p.name)
	}
	if p.role = next; next != nil {
		next.profiles[p.name] = p
	}
	return nil
}

func updateInstanceProfile(t *call, p *instanceProfile) error { return p.setRole(t) }

func deleteInstanceProfile(t *call, p *instanceProfile) error {
	// The provider removes the role first. IAM deletes a profile even while instances use it.
	if p.role != nil {
		delete(p.role.profiles, p.name)
	}
	delete(t.c.profiles, p.name)
	return nil
}

func (p *instanceProfile) attributes(c *Cloud) values {
	out := values{
		"arn": c.globalARN("iam", "instance-profile"+p.path+p.name), "name": p.name, "path": p.path,
		"uniqueId": p.uniqueID, "createDate": p.created, "role": "", "namePrefix": "",
	}
	if p.role != nil {
		out["role"] = p.role.name
	}
	return out
}

// checkProfile refuses an instance profile that an instance cannot use.
func (c *Cloud) checkProfile(operation, name string) error {
	if name == "" {
		return nil
	}
	p := c.profiles[name]
	if p == nil {
		return refuseEC2(operation, "InvalidParameterValue", "Value (%s) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name", name)
	}
	if p.role == nil {
		return refuseEC2(operation, "InvalidParameterValue", "IAM Instance Profile \"%s\" has no associated IAM Roles", name)
	}
	return nil
}
