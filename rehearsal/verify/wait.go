package verify

import (
	"context"
	"fmt"
	"time"

	"k8s.io/client-go/kubernetes"
)

// pollEvery is how often a cluster that is not there yet is looked at again.
const pollEvery = 500 * time.Millisecond

// Wait looks at the cluster until it is what the design says, or the time is over. It returns the last snapshot and what
// was still different then. tell is called when the number of differences changes.
func Wait(
	ctx context.Context, client kubernetes.Interface, want Expected, limit time.Duration, tell func(left []string),
) (*Snapshot, []string, error) {
	deadline, told := time.Now().Add(limit), -1
	for {
		snapshot, err := Observe(ctx, client)
		if err != nil {
			return nil, nil, err
		}
		left := snapshot.Differences(want)
		if len(left) == 0 || time.Now().After(deadline) {
			return snapshot, left, nil
		}
		if tell != nil && len(left) != told {
			tell(left)
			told = len(left)
		}
		select {
		case <-ctx.Done():
			return nil, nil, fmt.Errorf("verifying was stopped: %w", context.Cause(ctx))
		case <-time.After(pollEvery):
		}
	}
}
