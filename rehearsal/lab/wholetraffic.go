package lab

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// requestInterval is the time between two requests to an API.
const requestInterval = 250 * time.Millisecond

// traffic are requests to every API while something else happens.
type traffic struct {
	stop    context.CancelFunc
	senders sync.WaitGroup

	mu   sync.Mutex
	sent int
	// failed counts the failed requests by API and reason.
	failed map[string]int
	// first and last are the times of the first and the last failed request.
	first, last time.Time
}

// paths lead to a page of each API that reads from a store; the rest of the path is the route of the API. A photo's answer is in
// Redis, and was written to PostgreSQL.
func (w *whole) paths() map[string]string {
	return map[string]string{
		"waste-api": "/" + w.photo, "chat-llm-api": "/lab", "auth-api": "", "userinfo-api": "", "location-api": "?query=lab", "recycle-info-api": "/bottle",
	}
}

// send begins to send requests, until count.
func (w *whole) send(ctx context.Context) *traffic {
	ctx, cancel := context.WithCancel(ctx)
	t := &traffic{stop: cancel, failed: map[string]int{}}
	paths := w.paths()
	for _, a := range w.settings.Applications() {
		if a.Route == "" {
			continue
		}
		t.senders.Go(func() {
			for ctx.Err() == nil {
				_, _, err := w.request(ctx, http.MethodGet, w.url(a)+paths[a.Name], "", nil)
				if ctx.Err() != nil {
					return
				}
				t.note(a.Name, err)
				select {
				case <-ctx.Done():
				case <-time.After(requestInterval):
				}
			}
		})
	}
	return t
}

func (t *traffic) note(api string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent++
	if err == nil {
		return
	}
	reason := err.Error()
	if _, text, ok := strings.Cut(reason, ": "); ok {
		reason = text // without the address
	}
	t.failed[api+": "+reason]++
	t.last = time.Now()
	if t.first.IsZero() {
		t.first = t.last
	}
}

// count ends the requests and reports the number of those that failed.
func (t *traffic) count(printf func(string, ...any)) (failed int) {
	t.stop()
	t.senders.Wait()
	reasons := slices.Sorted(maps.Keys(t.failed))
	for _, reason := range reasons {
		failed += t.failed[reason]
	}
	if failed == 0 {
		printf("%d requests to the APIs, none failed", t.sent)
		return 0
	}
	printf("%d requests to the APIs, %d failed within %.0f s:", t.sent, failed, t.last.Sub(t.first).Seconds())
	for _, reason := range reasons[:min(8, len(reasons))] {
		printf("  %d × %s", t.failed[reason], reason)
	}
	return failed
}
