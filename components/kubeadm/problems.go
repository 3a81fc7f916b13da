package kubeadm

import (
	"errors"
	"fmt"
)

// problems gathers everything that is wrong with a configuration, so that a person sees it all at once.
type problems []error

// add notes a field with its value and what would be right.
func (p *problems) add(field string, value any, right string) {
	*p = append(*p, fmt.Errorf("%s is %q: %s", field, fmt.Sprint(value), right))
}

// wrap notes an error found under the field, if there is one.
func (p *problems) wrap(field string, err error) {
	if err != nil {
		*p = append(*p, fmt.Errorf("%s: %w", field, err))
	}
}

// join returns them all as one error under a heading, or nil.
func (p *problems) join(heading string) error {
	if err := errors.Join(*p...); err != nil {
		return fmt.Errorf("%s:\n%w", heading, err)
	}
	return nil
}
