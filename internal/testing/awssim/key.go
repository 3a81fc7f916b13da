package awssim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

const keyToken = "aws:kms/key:Key"

// key is a symmetric key of KMS. A deleted one stays, unusable, until its window ends.
type key struct {
	id, description string
	policyText      string
	policy          *policy
	enabled         bool
	rotates         bool
	rotationDays    int
	// window is the number of days between the deletion and its effect.
	window  int
	deleted bool
	tags    map[string]string
}

var keyType = define(resourceType{
	token: keyToken, title: "KMS Key",
	source: "internal/service/kms/key.go",
	inputs: properties{
		"bypassPolicyLockoutSafetyCheck": {kind: flag, fallback: false},
		"customerMasterKeySpec":          {kind: text, replaces: true, fallback: "SYMMETRIC_DEFAULT", oneOf: []string{"SYMMETRIC_DEFAULT"}},
		"deletionWindowInDays":           {kind: whole, valid: within(7, 30)},
		"description":                    {kind: text, computed: true},
		"enableKeyRotation":              {kind: flag, fallback: false},
		"isEnabled":                      {kind: flag, fallback: true},
		"keyUsage":                       {kind: text, replaces: true, fallback: "ENCRYPT_DECRYPT", oneOf: []string{"ENCRYPT_DECRYPT"}},
		"multiRegion":                    {kind: flag, replaces: true, computed: true},
		"policy":                         {kind: document, computed: true},
		"rotationPeriodInDays":           {kind: whole, computed: true, valid: within(90, 2560)},
	},
	outputs: []string{"arn", "keyId"},
	refused: []string{"customKeyStoreId", "xksKeyId"},
	tagged:  true,
}, createKey, updateKey, deleteKey)

func createKey(t *call) (string, *key, error) {
	k := &key{}
	if err := k.set(t, "CreateKey"); err != nil {
		return "", nil, err
	}
	k.id = t.c.uuid("key", t.name)
	t.c.keys[k.id] = k
	return k.id, k, nil
}

func (k *key) set(t *call, operation string) error {
	text := t.in.text("policy")
	if text == "" { // KMS's default policy leaves everything to IAM
		text = fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":%q},"Action":"kms:*","Resource":"*"}]}`, t.c.globalARN("iam", "root"))
	}
	p, err := t.c.keyPolicy(operation, text, t.in.flag("bypassPolicyLockoutSafetyCheck"))
	if err != nil {
		return err
	}
	k.policyText, k.policy, k.tags = text, p, t.tags
	k.description, k.enabled, k.rotates = t.in.text("description"), t.in.flag("isEnabled"), t.in.flag("enableKeyRotation")
	k.rotationDays = 0
	if k.rotates {
		k.rotationDays = 365
		if t.in.has("rotationPeriodInDays") {
			k.rotationDays = t.in.whole("rotationPeriodInDays")
		}
	}
	k.window = 30
	if t.in.has("deletionWindowInDays") {
		k.window = t.in.whole("deletionWindowInDays")
	}
	return nil
}

// keyPolicy reads the policy of a key, and refuses one by which nobody could change it afterwards.
func (c *Cloud) keyPolicy(operation, text string, bypass bool) (*policy, error) {
	malformed := func(format string, args ...any) error {
		return refuseKMS(operation, "MalformedPolicyDocumentException", format, args...)
	}
	p, err := parsePolicy(text)
	if err != nil {
		return nil, malformed("%s", err)
	}
	if size := len(text); size > 32768 {
		return nil, refuseKMS(operation, "LimitExceededException", "The key policy has %d bytes; at most 32768 are allowed", size)
	}
	for _, s := range p.Statement {
		if s.Principal == nil {
			return nil, malformed("Missing required field Principal")
		}
		if len(s.Resource) == 0 {
			return nil, malformed("Missing required field Resource")
		}
		for _, principal := range s.principals()["AWS"] {
			if !c.principalExists(principal) && principal != c.program().arn {
				return nil, malformed("Policy contains a statement with one or more invalid principals.")
			}
		}
		if err := s.modeled(); err != nil {
			return nil, malformed("%s", err)
		}
	}
	if !bypass && c.mayUseKey(c.program(), &key{policy: p}, "kms:PutKeyPolicy", nil) != nil {
		return nil, malformed("The new key policy will not allow you to update the key policy in the future.")
	}
	return p, nil
}

func updateKey(t *call, k *key) error { return k.set(t, "PutKeyPolicy") }

// deleteKey schedules the deletion, as the provider does.
func deleteKey(t *call, k *key) error {
	k.deleted = true
	return nil
}

func (k *key) arn(c *Cloud) string { return c.arn("kms", "key/"+k.id) }

func (k *key) attributes(c *Cloud) values {
	return values{
		"arn": k.arn(c), "keyId": k.id, "policy": k.policyText, "description": k.description, "isEnabled": k.enabled,
		"enableKeyRotation": k.rotates, "rotationPeriodInDays": float64(k.rotationDays), "multiRegion": false,
	}
}

// keyNamed finds a key by its ID, its ARN, or its alias with or without the beginning of an ARN.
func (c *Cloud) keyNamed(name string) *key {
	name = strings.TrimPrefix(name, c.arn("kms", ""))
	if a := c.keyAliases[name]; a != nil {
		return a.key
	}
	return c.keys[strings.TrimPrefix(name, "key/")]
}

// KeyARN is the ARN of a key by its alias; empty if there is none.
func (c *Cloud) KeyARN(name string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k := c.keyNamed(name); k != nil {
		return k.arn(c)
	}
	return ""
}

// mayUseKey decides a request to a key. Unlike everywhere else, an allow of IAM counts only where the policy of the key leaves the
// decision to the account (docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html).
func (c *Cloud) mayUseKey(who *caller, k *key, action string, context map[string]string) error {
	arn := k.arn(c)
	r := request{action: action, resource: arn, context: maps.Clone(who.context)}
	r.context["kms:calleraccount"] = c.options.AccountID
	for tag, value := range k.tags {
		r.context["aws:resourcetag/"+strings.ToLower(tag)] = value
	}
	maps.Copy(r.context, context)
	identity := who.decide(r)
	denied := func(reason string) error {
		return wordingf("User: %s is not authorized to perform: %s on resource: %s %s", who.session, action, arn, reason)
	}
	if identity == errDenied {
		return denied("with an explicit deny in an identity-based policy")
	}
	allowed, delegated := false, false
	root := c.globalARN("iam", "root")
	for _, s := range k.policy.Statement {
		if len(s.Resource) > 0 && !slices.Contains(s.Resource, "*") && !slices.Contains(s.Resource, arn) {
			continue
		}
		statement := s
		statement.Resource = nil
		names := slices.Concat(s.principals()["*"], s.principals()["AWS"])
		account := slices.Contains(names, root) || slices.Contains(names, c.options.AccountID)
		direct := slices.Contains(names, "*") || slices.Contains(names, who.arn) || slices.Contains(names, who.session)
		if !account && !direct || !statement.matches(r) {
			continue
		}
		if s.Effect == "Deny" {
			return denied("with an explicit deny in a resource-based policy")
		}
		allowed, delegated = allowed || direct, delegated || account
	}
	switch {
	case allowed || delegated && identity == nil:
		return nil
	case delegated:
		return denied(identity.Error() + " " + action + " action")
	}
	return denied("because no resource-based policy allows the " + action + " action")
}

// useKey is a request that a service makes to a key for a caller.
func (c *Cloud) useKey(who *caller, name, service, action string, context map[string]string) error {
	const operation = "Decrypt"
	k := c.keyNamed(name)
	if k == nil {
		return refuseKMS(operation, "NotFoundException", "Key '%s' does not exist", name)
	}
	keys := map[string]string{"kms:viaservice": service + "." + c.options.Region + ".amazonaws.com"}
	for key, value := range context {
		keys[strings.ToLower(key)] = value
	}
	if err := c.mayUseKey(who, k, action, keys); err != nil {
		return refuseKMS(operation, "AccessDeniedException", "%s", err)
	}
	switch {
	case k.deleted:
		return refuseKMS(operation, "KMSInvalidStateException", "%s is pending deletion.", k.arn(c))
	case !k.enabled:
		return refuseKMS(operation, "DisabledException", "%s is disabled.", k.arn(c))
	}
	return nil
}

// attachKey is EC2's request for a grant on the key of a volume, in the name of whoever creates, attaches or starts. Keys of AWS
// serve everyone of the account.
func (c *Cloud) attachKey(who *caller, operation, name string) error {
	if name == "" || strings.HasSuffix(name, ":alias/aws/ebs") {
		return nil
	}
	for _, action := range []string{"kms:CreateGrant", "kms:GenerateDataKeyWithoutPlaintext", "kms:DescribeKey"} {
		if operation == startInstances && action != "kms:CreateGrant" {
			continue
		}
		context := map[string]string{}
		if action == "kms:CreateGrant" {
			context["kms:GrantIsForAWSResource"] = "true"
		}
		if err := c.useKey(who, name, "ec2", action, context); err != nil {
			return refuseEC2(operation, "InvalidKMSKey.InvalidState", "The KMS key provided is in an incorrect state (%s)", err)
		}
	}
	return nil
}

func refuseKMS(operation, code, format string, args ...any) error {
	return refuse("KMS", operation, code, format, args...)
}
