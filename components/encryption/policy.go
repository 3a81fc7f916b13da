package encryption

import (
	"encoding/json"
	"fmt"
	"slices"
)

// statement is one of a key's policy. Its resource is the key itself.
type statement struct {
	Sid       string
	Effect    string
	Principal map[string]string
	Action    []string
	Resource  string
	Condition map[string]map[string]any `json:",omitempty"`
}

// administration are all actions on the key but those that use it, or let others use it. Whoever may change the policy of the key
// by IAM can still name themselves in it.
var administration = []string{
	"kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:Describe*", "kms:Disable*", "kms:Enable*", "kms:Get*", "kms:List*",
	"kms:Put*", "kms:Revoke*", "kms:RotateKeyOnDemand", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:Update*",
}

// policy writes the key's policy. Principals are matched by a condition: an ARN as a principal would have to exist, and would
// become unknown with a role that is made anew.
func (a *KeyArgs) policy() (string, error) {
	account := map[string]string{"AWS": "arn:aws:iam::" + a.Account + ":root"}
	allow := func(sid string, actions []string, condition map[string]map[string]any) statement {
		return statement{Sid: sid, Effect: "Allow", Principal: account, Action: actions, Resource: "*", Condition: condition}
	}
	by := func(principals []string) map[string]any { return map[string]any{"aws:PrincipalArn": principals} }
	statements := []statement{
		allow("Administer", administration, nil),
		allow("Use", []string{"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"}, map[string]map[string]any{"ArnLike": by(a.Users)}),
	}
	if starters := slices.Concat(a.Builders, a.Starters); len(starters) > 0 {
		statements = append(statements, allow("Volumes", []string{"kms:CreateGrant"}, map[string]map[string]any{
			"ArnLike":      by(starters),
			"StringEquals": {"kms:ViaService": "ec2." + a.Region + ".amazonaws.com"},
			"Bool":         {"kms:GrantIsForAWSResource": "true"},
		}))
	}
	for i, reader := range a.Readers {
		statements = append(statements, allow(fmt.Sprintf("Read%d", i+1), []string{"kms:Decrypt"}, map[string]map[string]any{
			"ArnLike": by(reader.Principals), "StringEquals": {"kms:EncryptionContext:PARAMETER_ARN": reader.Parameters},
		}))
	}
	if len(a.LogGroups) > 0 {
		var groups []string
		for _, name := range a.LogGroups {
			groups = append(groups, fmt.Sprintf("arn:aws:logs:%s:%s:log-group:%s", a.Region, a.Account, name))
		}
		logs := allow("Logs", []string{"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"},
			map[string]map[string]any{"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}})
		logs.Principal = map[string]string{"Service": "logs." + a.Region + ".amazonaws.com"}
		statements = append(statements, logs)
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	return string(text), err
}
