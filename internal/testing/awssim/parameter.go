package awssim

import (
	"regexp"
	"strings"
)

const parameterToken = "aws:ssm/parameter:Parameter"

// parameter is a value in the Systems Manager parameter store.
type parameter struct {
	name, kind, value, description string
	pattern, tier, keyID, dataType string
	version                        int
	// writer is the ARN of the principal that wrote the value; the program's when empty.
	writer string
	// insecure: the program gave the value as one that need not be secret.
	insecure bool
}

// Sizes of a parameter's value by tier, in bytes
// (https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html).
const (
	standardLimit = 4096
	advancedLimit = 8192
)

// defaultParameterKey is AWS's own key for parameters. Whoever of the account may read a parameter may decrypt with it.
const defaultParameterKey = "alias/aws/ssm"

// errParameterExists is the refusal to create a parameter that exists.
var errParameterExists = refuseSSM("PutParameter", "ParameterAlreadyExists",
	"The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")

var parameterName = regexp.MustCompile(`^[a-zA-Z0-9_.\-/]+$`)

var parameterProperties = properties{
	"allowedPattern": {kind: text},
	"dataType":       {kind: text, replaces: true, computed: true, oneOf: []string{"text"}},
	"description":    {kind: text},
	"insecureValue":  {kind: text, computed: true},
	"keyId":          {kind: text, computed: true},
	"name":           {kind: text, replaces: true, computed: true},
	"overwrite":      {kind: flag},
	"tier":           {kind: text, computed: true, oneOf: []string{"Standard", "Advanced", "Intelligent-Tiering"}},
	"type":           {kind: text, required: true, oneOf: []string{"String", "StringList", "SecureString"}},
	"value":          {kind: text, computed: true},
}

var parameterType = define(resourceType{
	token: parameterToken, title: "SSM Parameter",
	source:   "internal/service/ssm/parameter.go",
	seen:     "any change but tags sends PutParameter with the value of the state",
	inputs:   parameterProperties,
	outputs:  []string{"arn", "version"},
	refused:  []string{"arn"},
	secret:   []string{"value"},
	tagged:   true,
	autoname: "name",
	check: func(in values) []Problem {
		_, value := in["value"]
		_, insecure := in["insecureValue"]
		switch {
		case value == insecure:
			return []Problem{{"value", "exactly one of value and insecureValue must be set"}}
		case insecure && in.text("type") == "SecureString":
			return []Problem{{"insecureValue", "must not be set with type SecureString"}}
		}
		return nil
	},
	alsoReplaces: func(old, new values) []string {
		if old.text("tier") == "Advanced" && new.text("tier") == "Standard" {
			return []string{"tier"}
		}
		return nil
	},
}, createParameter, updateParameter, deleteParameter)

func createParameter(t *call) (string, *parameter, error) {
	name := t.in.text("name")
	if t.c.parameters[name] != nil && !t.in.flag("overwrite") {
		return "", nil, errParameterExists
	}
	p, err := t.put(parameter{name: name})
	if err != nil {
		return "", nil, err
	}
	stored := &p
	t.c.parameters[name] = stored
	return name, stored, nil
}

// put is PutParameter with the program's inputs over a parameter as it was.
func (t *call) put(p parameter) (parameter, error) {
	p.kind, p.description, p.pattern = t.in.text("type"), t.in.text("description"), t.in.text("allowedPattern")
	p.dataType, p.tier = "text", "Standard"
	if t.in.has("tier") {
		p.tier = t.in.text("tier")
	}
	p.keyID = ""
	if p.kind == "SecureString" {
		p.keyID = defaultParameterKey
		if t.in.has("keyId") {
			p.keyID = t.in.text("keyId")
		}
		if err := t.c.parameterKey(t.c.program(), "PutParameter", "kms:Encrypt", &p); err != nil {
			return p, err
		}
	}
	value := t.in.text("value")
	if p.insecure = t.in.has("insecureValue"); p.insecure {
		value = t.in.text("insecureValue")
	}
	return p.with(value)
}

// with checks and sets a new value.
func (p parameter) with(value string) (parameter, error) {
	const operation = "PutParameter"
	if err := validParameterName(p.name); err != nil {
		return p, refuseSSM(operation, "ValidationException", "%s", err)
	}
	if p.tier == "Intelligent-Tiering" {
		p.tier = "Standard"
		if len(value) > standardLimit {
			p.tier = "Advanced"
		}
	}
	switch {
	case value == "":
		return p, refuseSSM(operation, "ValidationException",
			"1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1")
	case p.tier == "Standard" && len(value) > standardLimit:
		return p, refuseSSM(operation, "ValidationException",
			"Standard tier parameters support a maximum parameter value of %d characters; this one has %d. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier.", standardLimit, len(value))
	case len(value) > advancedLimit:
		return p, refuseSSM(operation, "ValidationException", "Advanced tier parameters support a maximum parameter value of %d characters.", advancedLimit)
	}
	if p.pattern != "" {
		pattern, err := regexp.Compile(p.pattern)
		if err != nil {
			return p, refuseSSM(operation, "InvalidAllowedPatternException", "The request does not meet the regular expression requirement: %s", err)
		}
		if !pattern.MatchString(value) {
			return p, refuseSSM(operation, "ParameterPatternMismatchException", "Parameter value, cannot be validated against allowedPattern: %s", p.pattern)
		}
	}
	p.value, p.writer = value, ""
	p.version++
	return p, nil
}

// validParameterName follows https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html.
func validParameterName(name string) error {
	first := strings.ToLower(strings.Split(strings.TrimPrefix(name, "/"), "/")[0])
	switch {
	case !parameterName.MatchString(name):
		return wordingf("Parameter name %q: only a mix of letters, numbers and the following 3 symbols .-_ and / are allowed", name)
	case strings.HasPrefix(first, "aws") || strings.HasPrefix(first, "ssm"):
		return wordingf("Parameter name %q: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive)", name)
	case strings.Contains(name, "/") && !strings.HasPrefix(name, "/"):
		return wordingf("Parameter name %q: must be a fully qualified name, starting with /", name)
	case strings.Count(name, "/") > 15 || len(name) > 1011:
		return wordingf("Parameter name %q: at most 15 levels and 1011 characters", name)
	}
	return nil
}

// updateParameter puts the value again if anything besides tags changed. A value that the program ignores arrives here as
// that of the state, so it overwrites one that a machine wrote since the last refresh.
func updateParameter(t *call, p *parameter) error {
	changed := false
	for _, c := range parameterProperties.diff("", t.state, t.in, false) {
		changed = changed || top(c.Path) != "tags" && top(c.Path) != "overwrite"
	}
	if !changed {
		return nil
	}
	next, err := t.put(*p)
	if err != nil {
		return err
	}
	*p = next
	return nil
}

func deleteParameter(t *call, p *parameter) error {
	delete(t.c.parameters, p.name)
	return nil
}

func (p *parameter) arn(c *Cloud) string {
	return c.arn("ssm", "parameter/"+strings.TrimPrefix(p.name, "/"))
}

func (p *parameter) attributes(c *Cloud) values {
	out := values{
		"arn": p.arn(c), "name": p.name, "type": p.kind, "value": p.value, "insecureValue": "", "version": p.version,
		"description": p.description, "allowedPattern": p.pattern, "tier": p.tier, "keyId": p.keyID, "dataType": p.dataType,
	}
	if p.insecure {
		out["insecureValue"] = p.value
	}
	return out
}
