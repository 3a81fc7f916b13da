package realserver

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// WaitForMetrics waits until the process serves /metrics with the text at a port of 127.0.0.1, and returns all metrics.
func (p *Process) WaitForMetrics(t testing.TB, port int, text string) string {
	t.Helper()
	var metrics string
	p.WaitFor(t, "serving metrics", 20*time.Second, func() error {
		client := http.Client{Timeout: 5 * time.Second}
		response, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", port))
		if err != nil {
			return err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if metrics = string(body); err == nil && !strings.Contains(metrics, text) {
			err = fmt.Errorf("/metrics does not contain %q", text)
		}
		return err
	})
	return metrics
}
