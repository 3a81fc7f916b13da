package lab

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// pollInterval is the pause between two attempts of poll.
const pollInterval = 250 * time.Millisecond

// permanentError is an error that poll must not retry.
type permanentError struct{ error }

// poll retries check until it succeeds, fails permanently, or the timeout ends; then it returns the last error that the timeout did
// not cause itself.
func poll(ctx context.Context, timeout time.Duration, check func(context.Context) error) error {
	parent := ctx
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var former error
	for {
		err := check(ctx)
		if err == nil || errors.As(err, new(permanentError)) {
			return err
		}
		if ctx.Err() != nil && former != nil {
			err = former
		}
		former = err
		select {
		case <-ctx.Done():
			if parent.Err() != nil {
				return fmt.Errorf("interrupted: %w", err)
			}
			return fmt.Errorf("timed out after %s: %w", timeout, err)
		case <-time.After(pollInterval):
		}
	}
}
