package stacks

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// reader decodes settings and collects what is wrong with them.
type reader struct {
	Source
	problems []error
}

// wrong reports a setting's value and what would be right.
func (r *reader) wrong(key string, value any, right string, args ...any) {
	r.problems = append(r.problems, fmt.Errorf("%s%s is %s; %s", ConfigPrefix, key, show(value), fmt.Sprintf(right, args...)))
}

func show(value any) string {
	if text, ok := value.(string); ok {
		return strconv.Quote(text)
	}
	if list, ok := value.([]string); ok {
		return fmt.Sprintf("%q", list)
	}
	return fmt.Sprint(value)
}

// all returns every problem on a line of its own.
func (r *reader) all() []string {
	var lines []string
	for _, problem := range r.problems {
		lines = append(lines, strings.Split(problem.Error(), "\n")...)
	}
	return lines
}

func (r *reader) optional(key string) string {
	value, _ := r.Get(key)
	return value
}

func (r *reader) text(key string) string {
	value, ok := r.Get(key)
	if !ok || strings.TrimSpace(value) == "" {
		r.problems = append(r.problems, fmt.Errorf("%s%s is missing; set it with: pulumi config set %s%s VALUE", ConfigPrefix, key, ConfigPrefix, key))
		return ""
	}
	return value
}

// secret checks that a secret is there without reading it into an error.
func (r *reader) secret(key, what string) {
	if value, ok := r.Get(key); !ok || strings.TrimSpace(value) == "" {
		r.problems = append(r.problems, fmt.Errorf("%s%s is missing; set %s with: pulumi config set --secret %s%s", ConfigPrefix, key, what, ConfigPrefix, key))
	} else if !r.IsSecret(key) {
		r.problems = append(r.problems, fmt.Errorf("%s%s is not encrypted; replace it, and set it with: pulumi config set --secret %s%s", ConfigPrefix, key, ConfigPrefix, key))
	}
}

func (r *reader) choice(key string, allowed ...string) string {
	value := r.text(key)
	if value != "" && !slices.Contains(allowed, value) {
		r.wrong(key, value, "use one of %s", strings.Join(allowed, ", "))
	}
	return value
}

func (r *reader) integer(key string) int {
	value := r.text(key)
	if value == "" {
		return 0
	}
	number, err := strconv.Atoi(value)
	if err != nil {
		r.wrong(key, value, "give a whole number")
	}
	return number
}

func (r *reader) boolean(key string) bool {
	value := r.text(key)
	if value != "" && value != "true" && value != "false" {
		r.wrong(key, value, "use true or false")
	}
	return value == "true"
}

// list decodes a JSON array of strings; an absent list is empty.
func (r *reader) list(key string) []string {
	value, ok := r.Get(key)
	if !ok || value == "" {
		return nil
	}
	var list []string
	if err := json.Unmarshal([]byte(value), &list); err != nil {
		r.wrong(key, value, "give a list of texts")
		return nil
	}
	return list
}

// pairs decodes a list of name=value entries.
func (r *reader) pairs(key string) map[string]string {
	out := map[string]string{}
	for _, entry := range r.list(key) {
		name, value, ok := strings.Cut(entry, "=")
		switch _, twice := out[name]; {
		case !ok || name == "" || value == "":
			r.wrong(key, entry, "give each entry as name=value")
		case twice:
			r.wrong(key, entry, "%s is named twice; keep one", name)
		default:
			out[name] = value
		}
	}
	return out
}
