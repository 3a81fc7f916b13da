// Package validation collects every problem of a component's arguments or of a stack's settings, so that one error
// reports them all. Each problem has one form: the key, the value, and a requirement that begins with "must".
package validation

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxValue is the number of characters of a value that an error quotes.
const maxValue = 200

// Problem is one invalid field.
type Problem struct {
	// Field is the key, e.g. "growbin:region" or "Rules[2].FromPort".
	Field string
	// Value is the invalid value; nil if the field is not set.
	Value any
	// Must completes the sentence, e.g. "must be an AWS region, e.g. ap-northeast-2".
	Must string
}

// Error returns the problem in one line, e.g. `growbin:region: "eu" must be an AWS region, e.g. ap-northeast-2`.
func (p Problem) Error() string {
	if p.Value == nil {
		return p.Field + ": not set, " + p.Must
	}
	return fmt.Sprintf("%s: %s %s", p.Field, quote(p.Value), p.Must)
}

// quote shows a value: text in quotes, lists in brackets, all in at most maxValue characters and without control characters.
func quote(value any) string {
	text := fmt.Sprint(value)
	switch v := reflect.ValueOf(value); {
	case v.Kind() == reflect.String:
		text = strconv.Quote(v.String())
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.String:
		quoted := make([]string, v.Len())
		for i := range quoted {
			quoted[i] = strconv.Quote(v.Index(i).String())
		}
		text = "[" + strings.Join(quoted, " ") + "]"
	default:
		if unquoted := strconv.Quote(text); unquoted != `"`+text+`"` {
			text = unquoted
		}
	}
	if runes := []rune(text); len(runes) > maxValue {
		return string(runes[:maxValue]) + "…"
	}
	return text
}

// Printable returns text from elsewhere, e.g. from a machine, for a message: without control and format characters, which could
// rewrite a terminal or hide a part, and in at most maxValue characters.
func Printable(text string) string {
	runes := []rune(strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError:
			return '?'
		case unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp):
			return ' '
		}
		return r
	}, text))
	if len(runes) > maxValue {
		return string(runes[:maxValue]) + "…"
	}
	return string(runes)
}

// Problems collects problems. The zero value is ready for use.
type Problems struct{ list []error }

// Add records an invalid value. The format must begin with "must".
func (p *Problems) Add(field string, value any, format string, args ...any) {
	p.list = append(p.list, Problem{Field: field, Value: value, Must: fmt.Sprintf(format, args...)})
}

// NotSet records a required field that has no value. The format must begin with "must".
func (p *Problems) NotSet(field, format string, args ...any) {
	p.list = append(p.list, Problem{Field: field, Must: fmt.Sprintf(format, args...)})
}

// Include records the problems of a nested value below the given field; with an empty field they keep their own. It ignores
// nil, and the heading of a wrapped list of problems.
func (p *Problems) Include(field string, err error) {
	if err == nil {
		return
	}
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		for _, one := range joined.Unwrap() {
			p.Include(field, one)
		}
		return
	}
	if field != "" {
		if problem, ok := err.(Problem); ok {
			problem.Field = field + "." + problem.Field
			err = problem
		} else {
			err = fmt.Errorf("%s: %w", field, err)
		}
	}
	p.list = append(p.list, err)
}

// List returns all problems in the order in which they were recorded.
func (p *Problems) List() []error { return p.list }

// Err returns all problems joined, one per line, or nil.
func (p *Problems) Err() error { return errors.Join(p.list...) }
