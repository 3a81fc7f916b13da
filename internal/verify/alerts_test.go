package verify

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const watchdog = `{"labels":{"alertname":"Watchdog","severity":"none"},"annotations":{"summary":"always fires"}}`

// alertsOf asks an API server that forwards to an Alertmanager with these alerts.
func alertsOf(t *testing.T, status int, alerts string) (asked string, found []string, err error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.String()
		w.WriteHeader(status)
		_, _ = w.Write([]byte(alerts))
	}))
	defer server.Close()
	client, err := kubernetes.NewForConfig(&rest.Config{Host: server.URL})
	require.NoError(t, err)
	found, err = Alerts(t.Context(), client, "monitoring")
	return asked, found, err
}

func TestAlerts(t *testing.T) {
	asked, found, err := alertsOf(t, http.StatusOK, `[`+watchdog+`]`)
	require.NoError(t, err)
	assert.Empty(t, found)
	assert.Equal(t, "/api/v1/namespaces/monitoring/services/http:alertmanager:9093/proxy/api/v2/alerts?active=true&inhibited=false&silenced=false", asked)

	_, found, err = alertsOf(t, http.StatusOK, `[`+watchdog+`,{"labels":{"alertname":"NodeDown","severity":"critical"},"annotations":{"summary":"node a is unreachable"}}]`)
	require.NoError(t, err)
	assert.Equal(t, []string{"NodeDown (critical): node a is unreachable"}, found)

	_, found, err = alertsOf(t, http.StatusOK, `[]`)
	require.NoError(t, err)
	assert.Equal(t, []string{"Alertmanager has no alert Watchdog: Prometheus does not evaluate rules, or does not reach it"}, found)

	_, _, err = alertsOf(t, http.StatusServiceUnavailable, "no endpoints")
	assert.ErrorContains(t, err, "ask Alertmanager for its alerts")
	_, _, err = alertsOf(t, http.StatusOK, "<html>")
	assert.ErrorContains(t, err, "read the alerts")
}
