// Package testwait lets tests wait for a condition in a cluster.
package testwait

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	timeout  = 45 * time.Second
	interval = 50 * time.Millisecond
)

// Until waits until the condition returns nil. It fails the test with the condition's last error.
func Until(t *testing.T, condition func(ctx context.Context) error) {
	t.Helper()
	deadline := time.Now().Add(timeout)
	for {
		err := condition(t.Context())
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			require.NoError(t, err, "after %s", timeout)
		}
		time.Sleep(interval)
	}
}
