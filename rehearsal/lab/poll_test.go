package lab

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestPoll_TimeoutKeepsCause(t *testing.T) {
	attempts := 0
	err := poll(t.Context(), 2*pollInterval, func(ctx context.Context) error {
		if attempts++; attempts == 1 {
			return errors.New("a query has no result")
		}
		<-ctx.Done()
		return ctx.Err()
	})
	assert.EqualError(t, err, "timed out after "+(2*pollInterval).String()+": a query has no result")
}

func TestPoll_TimeoutInFirstAttempt(t *testing.T) {
	err := poll(t.Context(), 10*time.Millisecond, func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	})
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}
