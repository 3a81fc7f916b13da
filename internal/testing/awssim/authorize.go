package awssim

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// request is one call that software on a machine makes with its instance profile.
type request struct {
	action, resource string
	// context are the condition keys that are known, in lower case.
	context map[string]string
}

// modeled refuses operators and variables that the evaluation below does not support: a policy must never seem to grant
// less or more than it does.
func (s statement) modeled() error {
	for operator, keys := range s.Condition {
		if _, ok := conditionOperators[strings.TrimSuffix(operator, "IfExists")]; !ok {
			return fmt.Errorf("the condition operator %q is not modeled by the simulated AWS", operator)
		}
		for key, wanted := range keys {
			if err := noVariables(wanted); err != nil {
				return fmt.Errorf("condition key %q: %w", key, err)
			}
		}
	}
	return noVariables(append(append([]string{}, s.Resource...), s.NotResource...))
}

func noVariables(texts []string) error {
	for _, t := range texts {
		if strings.Contains(t, "${") {
			return fmt.Errorf("the policy variable in %q is not modeled by the simulated AWS", t)
		}
	}
	return nil
}

// conditionOperators compare a value of the request with those of the condition.
var conditionOperators = map[string]func(value string, wanted []string) bool{
	"StringEquals":    func(v string, w []string) bool { return slices.Contains(w, v) },
	"StringNotEquals": func(v string, w []string) bool { return !slices.Contains(w, v) },
	"StringLike":      anyWildcard,
	"StringNotLike":   func(v string, w []string) bool { return !anyWildcard(v, w) },
	"ArnEquals":       anyWildcard,
	"ArnLike":         anyWildcard,
	"ArnNotEquals":    func(v string, w []string) bool { return !anyWildcard(v, w) },
	"ArnNotLike":      func(v string, w []string) bool { return !anyWildcard(v, w) },
	"NumericLessThan": lessThan,
	"DateLessThan":    func(v string, w []string) bool { return len(w) == 1 && before(v, w[0]) },
	"Null":            nil, // about the key alone, see holds
	"Bool":            func(v string, w []string) bool { return len(w) == 1 && strings.EqualFold(w[0], v) },
}

// lessThan compares decimal numbers; a text that is none meets no condition.
func lessThan(value string, wanted []string) bool {
	have, err := strconv.ParseFloat(value, 64)
	limit, other := strconv.ParseFloat(strings.Join(wanted, " "), 64)
	return err == nil && other == nil && have < limit
}

// before compares times in RFC 3339; a text that is none meets no condition.
func before(value, wanted string) bool {
	now, err := time.Parse(time.RFC3339, value)
	end, other := time.Parse(time.RFC3339, wanted)
	return err == nil && other == nil && now.Before(end)
}

func anyWildcard(value string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return wildcard(p, value) })
}

// holds reports whether all conditions are met. A key that is absent meets only negated and IfExists operators.
func (s statement) holds(r request) bool {
	for operator, keys := range s.Condition {
		name := strings.TrimSuffix(operator, "IfExists")
		for key, wanted := range keys {
			value, known := r.context[strings.ToLower(key)]
			if operator == "Null" {
				if known == slices.Contains(wanted, "true") {
					return false
				}
				continue
			}
			if !known {
				if name != operator || strings.Contains(name, "Not") {
					continue
				}
				return false
			}
			if !conditionOperators[name](value, wanted) {
				return false
			}
		}
	}
	return true
}

// matches reports whether the statement applies to the request.
func (s statement) matches(r request) bool {
	action := func(pattern string) bool { return wildcard(strings.ToLower(pattern), strings.ToLower(r.action)) }
	if len(s.Action) > 0 && !slices.ContainsFunc(s.Action, action) || len(s.NotAction) > 0 && slices.ContainsFunc(s.NotAction, action) {
		return false
	}
	target := func(pattern string) bool { return wildcard(pattern, r.resource) }
	if len(s.Resource) > 0 && !slices.ContainsFunc(s.Resource, target) || len(s.NotResource) > 0 && slices.ContainsFunc(s.NotResource, target) {
		return false
	}
	return s.holds(r)
}

// errNotAllowed is IAM's reason when nothing allows the request, errDenied when something forbids it, errBounded when the boundary
// does not allow it.
var (
	errNotAllowed = errors.New("because no identity-based policy allows the")
	errDenied     = errors.New("with an explicit deny in an identity-based policy for the")
	errBounded    = errors.New("because no permissions boundary allows the")
)

// decide evaluates a role's policies: a deny wins, and the default is to deny.
func decide(policies []*policy, r request) error {
	verdict := errNotAllowed
	for _, p := range policies {
		for _, s := range p.Statement {
			if !s.matches(r) {
				continue
			}
			if s.Effect == "Deny" {
				return errDenied
			}
			verdict = nil
		}
	}
	return verdict
}

// Decide evaluates identity policies, as JSON, for a request: nil, or IAM's reason to deny it. The context has condition keys.
func Decide(action, resource string, context map[string]string, documents ...string) error {
	r := request{action: action, resource: resource, context: map[string]string{}}
	for key, value := range context {
		r.context[strings.ToLower(key)] = value
	}
	var policies []*policy
	for _, text := range documents {
		p, err := parseIdentityPolicy(text)
		if err != nil {
			return err
		}
		policies = append(policies, p)
	}
	return decide(policies, r)
}

// trusts reports whether a service may assume the role.
func (p *policy) trusts(service string) bool { return p.trustsFrom(service, nil) }

// trustsFrom is trusts with the condition keys of the service's request.
func (p *policy) trustsFrom(service string, context map[string]string) bool {
	allowed := false
	for _, s := range p.Statement {
		names := append(append([]string{}, s.principals()["Service"]...), s.principals()["*"]...)
		named := slices.Contains(names, service) || slices.Contains(names, "*")
		if !named || !s.matches(request{action: "sts:AssumeRole", context: context}) {
			continue
		}
		if s.Effect == "Deny" {
			return false
		}
		allowed = true
	}
	return allowed
}

// wildcard matches * and ? as IAM does, over all characters.
func wildcard(pattern, s string) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]) && pattern[p] != '*':
			p, i = p+1, i+1
		case p < len(pattern) && pattern[p] == '*':
			star, mark, p = p, i, p+1
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// callerOf is the session that EC2 gives to the software on an instance.
func (c *Cloud) callerOf(i *instance) (*caller, error) {
	if i.profile == "" {
		return nil, fmt.Errorf("machine %s has no instance profile: unable to locate credentials", i.displayName())
	}
	if i.metadata.text("httpEndpoint") == "disabled" {
		return nil, fmt.Errorf("machine %s has its metadata service disabled: unable to locate credentials", i.displayName())
	}
	profile := c.profiles[i.profile]
	if profile == nil || profile.role == nil {
		return nil, fmt.Errorf("instance profile %s of machine %s has no role: unable to locate credentials", i.profile, i.displayName())
	}
	owner := profile.role
	if !owner.trust.trusts("ec2.amazonaws.com") {
		return nil, fmt.Errorf("role %s of machine %s does not trust ec2.amazonaws.com: EC2 cannot assume the role", owner.name, i.displayName())
	}
	who := c.sessionOf(owner, i.id)
	who.context["ec2:sourceinstancearn"] = c.arn("ec2", "instance/"+i.id)
	return who, nil
}

// deniedCode is how a service calls it.
func deniedCode(service string) string {
	switch service {
	case "EC2", "ec2": // of lookups
		return "UnauthorizedOperation"
	case "S3", "CloudWatch", elb:
		return "AccessDenied"
	}
	return "AccessDeniedException"
}
