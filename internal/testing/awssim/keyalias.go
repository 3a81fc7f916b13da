package awssim

import (
	"fmt"
	"regexp"
	"strings"
)

const keyAliasToken = "aws:kms/alias:Alias"

// keyAlias is a name of a key.
type keyAlias struct {
	name string
	key  *key
}

var keyAliasName = regexp.MustCompile(`^alias/[0-9A-Za-z_/-]+$`)

var keyAliasType = define(resourceType{
	token: keyAliasToken, title: "KMS Alias",
	source: "internal/service/kms/alias.go",
	inputs: properties{
		"name": {kind: text, replaces: true, computed: true, valid: func(value any) error {
			if s := value.(string); !keyAliasName.MatchString(s) || strings.HasPrefix(s, "alias/aws/") {
				return fmt.Errorf("%q must begin with 'alias/' and be comprised of only [0-9A-Za-z_/-], and not begin with 'alias/aws/'", s)
			}
			return nil
		}},
		"targetKeyId": {kind: text, required: true},
	},
	outputs: []string{"arn", "namePrefix", "targetKeyArn"},
	refused: []string{"namePrefix"},
}, createKeyAlias, updateKeyAlias, deleteKeyAlias)

func createKeyAlias(t *call) (string, *keyAlias, error) {
	a := &keyAlias{name: t.in.text("name")}
	if t.c.keyAliases[a.name] != nil {
		return "", nil, refuseKMS("CreateAlias", "AlreadyExistsException", "An alias with the name %s already exists", t.c.arn("kms", a.name))
	}
	if err := a.point(t, "CreateAlias"); err != nil {
		return "", nil, err
	}
	t.c.keyAliases[a.name] = a
	return a.name, a, nil
}

func (a *keyAlias) point(t *call, operation string) error {
	k := t.c.keyNamed(t.in.text("targetKeyId"))
	switch {
	case k == nil:
		return refuseKMS(operation, "NotFoundException", "Key '%s' does not exist", t.in.text("targetKeyId"))
	case k.deleted:
		return refuseKMS(operation, "KMSInvalidStateException", "%s is pending deletion.", k.arn(t.c))
	}
	a.key = k
	return nil
}

func updateKeyAlias(t *call, a *keyAlias) error { return a.point(t, "UpdateAlias") }

func deleteKeyAlias(t *call, a *keyAlias) error {
	delete(t.c.keyAliases, a.name)
	return nil
}

func (a *keyAlias) attributes(c *Cloud) values {
	return values{
		"arn": c.arn("kms", a.name), "name": a.name, "namePrefix": "", "targetKeyArn": a.key.arn(c), "targetKeyId": a.key.id,
	}
}
