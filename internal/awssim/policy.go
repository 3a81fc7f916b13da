package awssim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// policy is an IAM policy document.
type policy struct {
	Version   string
	ID        string `json:"Id"`
	Statement oneOrMore[statement]
}

// statement is one rule of a policy. Absent and empty lists differ, so pointers would be needed to tell them apart;
// AWS refuses empty ones, so nothing is lost.
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

// parsePolicy reads a document and checks what all kinds of policies have in common. Messages are IAM's.
func parsePolicy(text string) (*policy, error) {
	var p policy
	if err := strictJSON([]byte(text), &p); err != nil {
		return nil, fmt.Errorf("Syntax errors in policy. (%w)", err) //nolint:staticcheck // IAM's own words
	}
	if p.Version != "" && p.Version != "2012-10-17" && p.Version != "2008-10-17" {
		return nil, errors.New("The policy must contain a valid version string") //nolint:staticcheck // IAM's own words
	}
	if len(p.Statement) == 0 {
		return nil, errors.New("Syntax errors in policy. (no statement)") //nolint:staticcheck // IAM's own words
	}
	sids := map[string]bool{}
	for _, s := range p.Statement {
		if s.Sid != "" && sids[s.Sid] {
			return nil, errors.New("Statement IDs (SID) in a single policy must be unique.") //nolint:staticcheck // IAM's own words
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
		return fmt.Errorf("Invalid effect: %s", s.Effect) //nolint:staticcheck // IAM's own words
	}
	actions := append(append([]string{}, s.Action...), s.NotAction...)
	if len(actions) == 0 || len(s.Action) > 0 && len(s.NotAction) > 0 {
		return errors.New("Policy statement must contain actions.") //nolint:staticcheck // IAM's own words
	}
	for _, action := range actions {
		if !actionForm.MatchString(action) {
			return fmt.Errorf("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc. (%s)", action) //nolint:staticcheck // IAM's own words
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
			return nil, errors.New("Policy document should not specify a principal.") //nolint:staticcheck // IAM's own words
		case len(s.Resource)+len(s.NotResource) == 0:
			return nil, errors.New("Policy statement must contain resources.") //nolint:staticcheck // IAM's own words
		case !sidForm.MatchString(s.Sid):
			return nil, errors.New("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*") //nolint:staticcheck // IAM's own words
		}
		for _, r := range append(append([]string{}, s.Resource...), s.NotResource...) {
			if r != "*" && !strings.HasPrefix(r, "arn:") {
				return nil, fmt.Errorf("Resource %s must be in ARN format or \"*\".", r) //nolint:staticcheck // IAM's own words
			}
		}
		if err := s.modelled(); err != nil {
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
			return nil, errors.New("AssumeRole policy must specify a principal: Missing required field Principal") //nolint:staticcheck // IAM's own words
		case len(s.Resource)+len(s.NotResource) > 0:
			return nil, errors.New("Has prohibited field Resource") //nolint:staticcheck // IAM's own words
		}
		if err := s.modelled(); err != nil {
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
	_ = json.Unmarshal(s.Principal, &byKind) // another shape names nobody
	return byKind
}
