package drills

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/internal/testing/process"
	"github.com/growbin/cluster/internal/testing/realserver"
	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/stacks"
)

// alertmanagerConfig notifies nobody.
const alertmanagerConfig = "route: {receiver: none}\nreceivers: [{name: none}]\n"

// serveAlertmanager runs the real Alertmanager behind the Service of the simulated one, with the alert that always fires.
func serveAlertmanager(ctx context.Context, r *rehearsal.Rehearsal, client kubernetes.Interface) error {
	program, err := realserver.Find("prometheus-alertmanager")
	if err != nil {
		return fmt.Errorf("the drill runs the real Alertmanager (Debian's package prometheus-alertmanager): %w", err)
	}
	port, err := process.FreePort()
	if err != nil {
		return err
	}
	address := "127.0.0.1:" + strconv.Itoa(port)
	folder := filepath.Join(r.Engine.WorkDir(), "alertmanager")
	config := filepath.Join(folder, "config.yml")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("make a folder for Alertmanager: %w", err)
	}
	if err := os.WriteFile(config, []byte(alertmanagerConfig), 0o600); err != nil {
		return fmt.Errorf("configure Alertmanager: %w", err)
	}
	server, err := process.Start(process.Command{
		Name: "alertmanager", Path: program, Dir: folder, Env: os.Environ(),
		Args: []string{"--config.file=" + config, "--storage.path=" + folder, "--web.listen-address=" + address, "--cluster.listen-address="},
	}, r.Engine.Log("alertmanager"))
	if err != nil {
		return err
	}
	r.Defer(server.Stop)
	// Prometheus would send it again and again; without an end it lasts for five minutes.
	watchdog := fmt.Sprintf(`[{"labels":{"alertname":%q,"severity":"none"},"endsAt":%q}]`, monitoring.Watchdog, time.Now().Add(24*time.Hour).Format(time.RFC3339))
	if err := server.WaitReady(ctx, time.Minute, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/api/v2/alerts", strings.NewReader(watchdog))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("post an alert: %s", answer.Status)
		}
		return nil
	}); err != nil {
		return err
	}
	pods, err := addressesOf(ctx, client, stacks.MonitoringNamespace, monitoring.AlertmanagerService)
	if err != nil {
		return err
	}
	forward := map[string]string{}
	for _, pod := range pods {
		forward[pod] = address
	}
	stop, err := r.World.Cluster().ServePods(func(address string) string { return forward[address] })
	if err == nil {
		r.Defer(stop)
	}
	return err
}

// addressesOf returns the addresses behind a Service, as host:port.
func addressesOf(ctx context.Context, client kubernetes.Interface, namespace, service string) (addresses []string, err error) {
	slices, err := client.DiscoveryV1().EndpointSlices(namespace).List(ctx, metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + service})
	if err != nil {
		return nil, fmt.Errorf("list the endpoints of %s: %w", service, err)
	}
	for _, slice := range slices.Items {
		for _, endpoint := range slice.Endpoints {
			for _, port := range slice.Ports {
				addresses = append(addresses, fmt.Sprintf("%s:%d", endpoint.Addresses[0], *port.Port))
			}
		}
	}
	return addresses, nil
}
