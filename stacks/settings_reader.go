package stacks

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/growbin/cluster/components/validation"
)

// settingsReader decodes settings and collects all problems.
type settingsReader struct {
	Source
	problems validation.Problems
}

// invalid records the value of a setting that must be another one.
func (r *settingsReader) invalid(key string, value any, must string, args ...any) {
	r.problems.Add(ConfigPrefix+key, value, must, args...)
}

// optional returns a text that may be empty.
func (r *settingsReader) optional(key string) string {
	value, _ := r.Get(key)
	return value
}

// text returns a text that must not be empty.
func (r *settingsReader) text(key string) string {
	value, ok := r.Get(key)
	if !ok || strings.TrimSpace(value) == "" {
		r.problems.NotSet(ConfigPrefix+key, "must be set with: pulumi config set %s%s VALUE", ConfigPrefix, key)
		return ""
	}
	return value
}

// secret checks that a secret is set and encrypted. Its value never reaches an error.
func (r *settingsReader) secret(key string) {
	if value, ok := r.Get(key); !ok || strings.TrimSpace(value) == "" {
		r.problems.NotSet(ConfigPrefix+key, "must be set with: pulumi config set --secret %s%s", ConfigPrefix, key)
	} else if !r.IsSecret(key) {
		r.invalid(key, clearText{}, "must be revoked, and a new one set with: pulumi config set --secret %s%s", ConfigPrefix, key)
	} else {
		r.checkSecret(key, value)
	}
}

// clearText stands in errors for a secret that is not encrypted.
type clearText struct{}

func (clearText) String() string { return "(in clear text)" }

func (r *settingsReader) choice(key string, allowed ...string) string {
	value := r.text(key)
	if value != "" && !slices.Contains(allowed, value) {
		r.invalid(key, value, "must be one of %s", strings.Join(allowed, ", "))
	}
	return value
}

func (r *settingsReader) integer(key string) int {
	value := r.text(key)
	if value == "" {
		return 0
	}
	number, err := strconv.Atoi(value)
	if err != nil {
		r.invalid(key, value, "must be a whole number")
	}
	return number
}

// integerIn decodes a number in a range. Outside of it, the result is in the range, so that arithmetic cannot wrap.
func (r *settingsReader) integerIn(key string, least, most int) int {
	before := len(r.problems.List())
	number := r.integer(key)
	if (number < least || number > most) && len(r.problems.List()) == before {
		r.invalid(key, number, "must be %d to %d", least, most)
	}
	return min(max(number, least), most)
}

func (r *settingsReader) boolean(key string) bool {
	value := r.text(key)
	if value != "" && value != "true" && value != "false" {
		r.invalid(key, value, "must be true or false")
	}
	return value == "true"
}

// list decodes a JSON array of strings; a list that is not set is empty.
func (r *settingsReader) list(key string) []string {
	value, ok := r.Get(key)
	if !ok || value == "" {
		return nil
	}
	var list []string
	if err := json.Unmarshal([]byte(value), &list); err != nil {
		r.invalid(key, value, "must be a list of strings")
		return nil
	}
	return list
}

// pairs decodes a list of name=value entries.
func (r *settingsReader) pairs(key string) map[string]string {
	out := map[string]string{}
	for _, entry := range r.list(key) {
		name, value, ok := strings.Cut(entry, "=")
		switch _, twice := out[name]; {
		case !ok || name == "" || value == "":
			r.invalid(key, entry, "must have the form name=value")
		case twice:
			r.invalid(key, entry, "must not name %s a second time", clip(name))
		default:
			out[name] = value
		}
	}
	return out
}
