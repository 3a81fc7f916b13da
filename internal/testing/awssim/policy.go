package awssim

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
)

// policy is an IAM policy document.
type policy struct {
	Version   string
	ID        string `json:"Id"`
	Statement oneOrMore[statement]
}

// statement is one rule of a policy. Absent and empty lists are not distinguished: AWS refuses empty ones.
type statement struct {
	Sid          string
	Effect       string
	Principal    json.RawMessage
	NotPrincipal json.RawMessage
	Action       oneOrMore[string]
	NotAction    oneOrMore[string]
	Resource     oneOrMore[string]
	NotResource  oneOrMore[string]
	Condition    map[string]map[string]oneOrMore[string]
}

// oneOrMore is a list that JSON may write as its only element.
type oneOrMore[T any] []T

// UnmarshalJSON reads a list or a single element.
func (l *oneOrMore[T]) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		var list []T
		if err := strictJSON(data, &list); err != nil {
			return err
		}
		*l = list
		return nil
	}
	var one T
	if err := strictJSON(data, &one); err != nil {
		return err
	}
	*l = oneOrMore[T]{one}
	return nil
}

func strictJSON(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

var (
	actionForm = regexp.MustCompile(`^(\*|[a-zA-Z0-9-]+:[a-zA-Z0-9*?]+)$`)
	sidForm    = regexp.MustCompile(`^[a-zA-Z0-9 ]*$`)
)

// parsePolicy decodes a document and checks the rules that all kinds of policies share. Messages are IAM's.
func parsePolicy(text string) (*policy, error) {
	var p policy
	if err := strictJSON([]byte(text), &p); err != nil {
		return nil, wordingf("Syntax errors in policy. (%s)", err)
	}
	if p.Version != "" && p.Version != "2012-10-17" && p.Version != "2008-10-17" {
		return nil, wording("The policy must contain a valid version string")
	}
	if len(p.Statement) == 0 {
		return nil, wording("Syntax errors in policy. (no statement)")
	}
	sids := map[string]bool{}
	for _, s := range p.Statement {
		if s.Sid != "" && sids[s.Sid] {
			return nil, wording("Statement IDs (SID) in a single policy must be unique.")
		}
		sids[s.Sid] = true
		if err := s.check(); err != nil {
			return nil, err
		}
	}
	return &p, nil
}

func (s statement) check() error {
	if s.Effect != "Allow" && s.Effect != "Deny" {
		return wordingf("Invalid effect: %s", s.Effect)
	}
	actions := append(append([]string{}, s.Action...), s.NotAction...)
	if len(actions) == 0 || len(s.Action) > 0 && len(s.NotAction) > 0 {
		return wording("Policy statement must contain actions.")
	}
	for _, action := range actions {
		if !actionForm.MatchString(action) {
			return wordingf("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc. (%s)", action)
		}
	}
	return nil
}

// parseIdentityPolicy reads a policy of a role. Every statement needs resources and none may name a principal.
func parseIdentityPolicy(text string) (*policy, error) {
	p, err := parsePolicy(text)
	if err != nil {
		return nil, err
	}
	for _, s := range p.Statement {
		switch {
		case s.Principal != nil || s.NotPrincipal != nil:
			return nil, wording("Policy document should not specify a principal.")
		case len(s.Resource)+len(s.NotResource) == 0:
			return nil, wording("Policy statement must contain resources.")
		case !sidForm.MatchString(s.Sid):
			return nil, wording("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*")
		}
		for _, r := range append(append([]string{}, s.Resource...), s.NotResource...) {
			if r != "*" && !strings.HasPrefix(r, "arn:") {
				return nil, wordingf("Resource %s must be in ARN format or \"*\".", r)
			}
		}
		if err := s.modeled(); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// parseTrustPolicy reads who may assume a role.
func parseTrustPolicy(text string) (*policy, error) {
	p, err := parsePolicy(text)
	if err != nil {
		return nil, err
	}
	for _, s := range p.Statement {
		switch {
		case s.Principal == nil && s.NotPrincipal == nil:
			return nil, wording("AssumeRole policy must specify a principal: Missing required field Principal")
		case len(s.Resource)+len(s.NotResource) > 0:
			return nil, wording("Has prohibited field Resource")
		}
		if err := s.modeled(); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// principals reads the statement's principal as lists by kind; "*" is every kind.
func (s statement) principals() map[string]oneOrMore[string] {
	var all string
	if json.Unmarshal(s.Principal, &all) == nil {
		return map[string]oneOrMore[string]{"*": {all}}
	}
	var byKind map[string]oneOrMore[string]
	_ = json.Unmarshal(s.Principal, &byKind) // another shape has no principals
	return byKind
}
