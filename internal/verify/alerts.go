package verify

import (
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/components/validation"
)

// Alerts lists the alerts that fire, neither silenced nor inhibited, and Watchdog if it does not. The API server forwards the
// request to the Service of Alertmanager in the namespace.
func Alerts(ctx context.Context, client kubernetes.Interface, namespace string) ([]string, error) {
	answer, err := client.CoreV1().Services(namespace).ProxyGet("http", monitoring.AlertmanagerService, fmt.Sprint(monitoring.AlertmanagerPort),
		"/api/v2/alerts", map[string]string{"active": "true", "silenced": "false", "inhibited": "false"}).DoRaw(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask Alertmanager for its alerts: %w", err)
	}
	var alerts []struct{ Labels, Annotations map[string]string }
	if err := json.Unmarshal(answer, &alerts); err != nil {
		return nil, fmt.Errorf("read the alerts of Alertmanager: %w", err)
	}
	var d differences
	watched := false
	for _, alert := range alerts {
		if alert.Labels["alertname"] == monitoring.Watchdog {
			watched = true
			continue
		}
		d.add("%s (%s): %s", alert.Labels["alertname"], alert.Labels["severity"], validation.Printable(alert.Annotations["summary"]))
	}
	if !watched {
		d.add("Alertmanager has no alert %s: Prometheus does not evaluate rules, or does not reach it", monitoring.Watchdog)
	}
	return d, nil
}
