package awssim

import (
	"maps"
	"slices"
)

const rolePolicyAttachmentToken = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"

// rolePolicyAttachment gives a role one of AWS's own policies.
type rolePolicyAttachment struct {
	role *role
	arn  string
}

var rolePolicyAttachmentType = define(resourceType{
	token: rolePolicyAttachmentToken, title: "IAM Role Policy Attachment",
	source: "internal/service/iam/role_policy_attachment.go",
	inputs: properties{
		"policyArn": {kind: text, required: true, replaces: true, valid: validARN},
		"role":      {kind: text, required: true, replaces: true},
	},
}, createRolePolicyAttachment, nil, deleteRolePolicyAttachment)

func createRolePolicyAttachment(t *call) (string, *rolePolicyAttachment, error) {
	const operation = "AttachRolePolicy"
	owner, err := t.c.roleNamed(operation, t.in.text("role"))
	if err != nil {
		return "", nil, err
	}
	arn := t.in.text("policyArn")
	if managedPolicies[arn] == nil {
		return "", nil, refuseIAM(operation, "NoSuchEntity", "Policy %s does not exist or is not attachable. (The simulated AWS has %s.)",
			arn, joined(slices.Sorted(maps.Keys(managedPolicies))))
	}
	owner.attached[arn] = true
	return owner.name + "-" + t.c.digits("attachment", t.name, 26), &rolePolicyAttachment{role: owner, arn: arn}, nil
}

func deleteRolePolicyAttachment(_ *call, a *rolePolicyAttachment) error {
	delete(a.role.attached, a.arn)
	return nil
}

func (a *rolePolicyAttachment) attributes(*Cloud) values {
	return values{"role": a.role.name, "policyArn": a.arn}
}
