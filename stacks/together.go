package stacks

import (
	"errors"
	"sync"
)

// together runs parts of the program at once, and joins their errors. A constructor returns when its component is registered, and that
// is after everything that the component depends on: one after another, a part that waits for a node would hold all parts behind it.
func together(parts ...func() error) error {
	errs := make([]error, len(parts))
	var running sync.WaitGroup
	for i, part := range parts {
		running.Go(func() { errs[i] = part() })
	}
	running.Wait()
	return errors.Join(errs...)
}
