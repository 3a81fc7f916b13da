package verify

import (
	"context"
	"fmt"
	"time"

	"k8s.io/client-go/kubernetes"
)

// pollEvery is the interval of the checks.
const pollEvery = 500 * time.Millisecond

// Wait checks the cluster until it is as designed, or until the limit. It returns the last snapshot and its differences.
// progress, if non-nil, is called if the number of differences changes.
func Wait(
	ctx context.Context, client kubernetes.Interface, want Expected, limit time.Duration, progress func(left []string),
) (*Snapshot, []string, error) {
	deadline, reported := time.Now().Add(limit), -1
	for {
		snapshot, err := Observe(ctx, client)
		if err != nil {
			return nil, nil, err
		}
		left := snapshot.Differences(want)
		if len(left) == 0 || time.Now().After(deadline) {
			return snapshot, left, nil
		}
		if progress != nil && len(left) != reported {
			progress(left)
			reported = len(left)
		}
		select {
		case <-ctx.Done():
			return nil, nil, fmt.Errorf("the verification was stopped: %w", context.Cause(ctx))
		case <-time.After(pollEvery):
		}
	}
}
