package storetest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/internal/testing/recorder"
)

// Store is a component that returns a connection URL for each of its clients.
type Store interface {
	URL(client string) (pulumi.StringOutput, error)
}

// Run runs the constructor of a store against a recorder and returns the URLs by client. The store must refuse a client
// that it was not configured with.
func Run[S Store](
	t testing.TB, clients []string, construct func(ctx *pulumi.Context) (S, error),
) (*recorder.Recorder, map[string]string) {
	t.Helper()
	var mu sync.Mutex // the engine resolves outputs in parallel
	urls := map[string]string{}
	r, err := recorder.Run(func(ctx *pulumi.Context) error {
		store, err := construct(ctx)
		if err != nil {
			return err
		}
		for _, client := range clients {
			url, err := store.URL(client)
			if err != nil {
				return err
			}
			ctx.Export(client, url)
			url.ApplyT(func(v string) string {
				mu.Lock()
				defer mu.Unlock()
				urls[client] = v
				return v
			})
		}
		const unknown = "not-a-client"
		if _, err := store.URL(unknown); err == nil {
			return fmt.Errorf("URL(%q) returned no error", unknown)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return r, urls
}
