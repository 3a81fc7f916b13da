package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/internal/testing/promtest"
)

// alertTimeout covers two scrapes, the time for which the alert must hold, and the notification, thirty seconds and a minute each.
const alertTimeout = 5 * time.Minute

// dashboardsTimeout exceeds five minutes: a query of the load has a sample at every fifth minute of the clock only.
const dashboardsTimeout = 6 * time.Minute

// autoscaledAPI is the application whose number of pods an autoscaler owns.
const autoscaledAPI = "recycle-info-api"

// deadLettersAlert is the alert that the check fires.
const deadLettersAlert = "DeadLettersWaiting"

// askPrometheus sends a GET to Prometheus and decodes the JSON of its answer. It asks on the pod's own node, as kubectl port-forward
// does: the NetworkPolicies admit nobody else but Grafana.
func (w *whole) askPrometheus(ctx context.Context, path string, parameters url.Values, into any) error {
	pods, err := w.client.CoreV1().Pods("monitoring").List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=prometheus"})
	if err != nil {
		return err
	}
	if len(pods.Items) != 1 {
		return fmt.Errorf("Prometheus has %d pods, must have 1", len(pods.Items))
	}
	node, err := w.fleet.get(pods.Items[0].Spec.NodeName)
	if err != nil {
		return err
	}
	address := "http://" + net.JoinHostPort(pods.Items[0].Status.PodIP, strconv.Itoa(monitoring.PrometheusPort)) + "/" + path
	text, err := node.Run(ctx, "curl", "--silent", "--show-error", "--fail", "--max-time", "20", address+"?"+parameters.Encode())
	if err != nil {
		return fmt.Errorf("asking Prometheus: %w", err)
	}
	return json.Unmarshal([]byte(text), into)
}

// checkAutoscaler waits until metrics-server has figures of every node, and the autoscaler those of its pods.
func (w *whole) checkAutoscaler(ctx context.Context) error {
	return poll(ctx, 3*time.Minute, func(ctx context.Context) error {
		text, err := w.client.CoreV1().RESTClient().Get().AbsPath("/apis/metrics.k8s.io/v1beta1/nodes").DoRaw(ctx)
		if err != nil {
			return fmt.Errorf("asking metrics-server: %w: %s", err, text)
		}
		var nodes struct{ Items []json.RawMessage }
		if err := json.Unmarshal(text, &nodes); err != nil {
			return fmt.Errorf("asking metrics-server: %w", err)
		}
		if len(nodes.Items) != len(w.settings.Nodes) {
			return fmt.Errorf("metrics-server knows %d nodes, must be %d", len(nodes.Items), len(w.settings.Nodes))
		}
		scaler, err := w.client.AutoscalingV2().HorizontalPodAutoscalers("growbin").Get(ctx, autoscaledAPI, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, metric := range scaler.Status.CurrentMetrics {
			if metric.Resource != nil && metric.Resource.Current.AverageUtilization != nil {
				w.printf("%s uses %d %% of its CPU requests", autoscaledAPI, *metric.Resource.Current.AverageUtilization)
				return nil
			}
		}
		return fmt.Errorf("the autoscaler of %s has no figures of CPU: %v", autoscaledAPI, scaler.Status.Conditions)
	})
}

// activeAlerts asks Alertmanager through the API server, as growbin verify does.
func (w *whole) activeAlerts(ctx context.Context) (names []string, err error) {
	text, err := w.client.CoreV1().RESTClient().Get().Namespace("monitoring").Resource("services").Name("alertmanager:http").
		SubResource("proxy").Suffix("api/v2/alerts").Param("active", "true").DoRaw(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking Alertmanager: %w: %s", err, text)
	}
	var alerts []struct{ Labels map[string]string }
	if err := json.Unmarshal(text, &alerts); err != nil {
		return nil, fmt.Errorf("asking Alertmanager: %w", err)
	}
	for _, alert := range alerts {
		names = append(names, alert.Labels["alertname"])
	}
	return names, nil
}

// checkTargets asks Prometheus which targets are down.
func (w *whole) checkTargets(ctx context.Context) error {
	return poll(ctx, 3*time.Minute, func(ctx context.Context) error {
		var found struct {
			Data struct {
				ActiveTargets []struct {
					Health, LastError, ScrapePool string
					Labels                        map[string]string
				}
			}
		}
		if err := w.askPrometheus(ctx, "api/v1/targets", nil, &found); err != nil {
			return err
		}
		var problems []error
		for _, target := range found.Data.ActiveTargets {
			if target.Health != "up" {
				problems = append(problems, fmt.Errorf("target %s %v: %s %s", target.ScrapePool, target.Labels, target.Health, target.LastError))
			}
		}
		if len(found.Data.ActiveTargets) == 0 {
			problems = append(problems, errors.New("Prometheus has no target"))
		}
		return errors.Join(problems...)
	})
}

// absentMetrics begin the names of metrics that no image of the lab serves, by the reason.
var absentMetrics = map[string]string{"celery_": "celery-exporter has no image here"}

// emptyPanel is the title of the only panel whose result is empty while nothing fails.
const emptyPanel = "Server errors (5xx)"

// checkDashboards runs every query of the dashboards that the program deploys.
func (w *whole) checkDashboards(ctx context.Context) error {
	config, err := w.client.CoreV1().ConfigMaps("monitoring").List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var queries []promtest.Query
	for _, item := range config.Items {
		if !strings.Contains(item.Name, "dashboards") {
			continue
		}
		for file, text := range item.Data {
			found, err := promtest.Queries(text)
			if err != nil {
				return fmt.Errorf("dashboard %s: %w", file, err)
			}
			queries = append(queries, found...)
		}
	}
	if len(queries) == 0 {
		return errors.New("there are no dashboards")
	}
	var here []promtest.Query
	for _, query := range queries {
		if !absent(query.Expr) {
			here = append(here, query)
		}
	}
	left := here
	if err := poll(ctx, dashboardsTimeout, func(ctx context.Context) (err error) {
		// A client's error, for the panel of these.
		_, _, _ = w.request(ctx, http.MethodGet, w.url(application("recycle-info-api"))+"/nothing", "", nil)
		left, err = w.unanswered(ctx, left)
		return err
	}); err != nil {
		return err
	}
	w.printf("%d queries have a result, but for %q: no API has answered so", len(here), emptyPanel)
	for prefix, reason := range absentMetrics {
		w.printf("left out: %d queries of metrics %s…: %s", len(queries)-len(here), prefix, reason)
	}
	return nil
}

func absent(expr string) bool {
	for prefix := range absentMetrics {
		if strings.Contains(expr, prefix) {
			return true
		}
	}
	return false
}

// unanswered returns the queries without a result, or whose metrics nothing exports, with an error.
func (w *whole) unanswered(ctx context.Context, queries []promtest.Query) (left []promtest.Query, err error) {
	var known struct{ Data []string }
	if err := w.askPrometheus(ctx, "api/v1/label/__name__/values", nil, &known); err != nil {
		return queries, err
	}
	var problems []error
	for _, query := range queries {
		var found struct {
			Data struct{ Result []json.RawMessage }
		}
		problem := w.askPrometheus(ctx, "api/v1/query", url.Values{"query": {query.Expr}}, &found)
		if problem == nil && len(found.Data.Result) == 0 && !strings.HasSuffix(query.Panel, emptyPanel) {
			problem = errors.New("no result")
		}
		for _, name := range promtest.MetricNames(query.Expr) {
			if name != "ALERTS" && !slices.Contains(known.Data, name) {
				problem = errors.New("nothing exports " + name)
			}
		}
		if problem != nil {
			left = append(left, query)
			problems = append(problems, fmt.Errorf("panel %q: %w: %s", query.Panel, problem, query.Expr))
		}
	}
	return left, errors.Join(problems...)
}

// checkAlert waits until Alertmanager has the alert of the dead letters, deletes these, and waits until it has it no more.
func (w *whole) checkAlert(ctx context.Context) error {
	w.printf("waiting for alert %s in Alertmanager", deadLettersAlert)
	if err := w.awaitAlert(ctx, true); err != nil {
		return err
	}
	w.printf("it fires; the dead letters are deleted")
	if _, err := w.rabbitmqctl(ctx, "-p", "growbin", "purge_queue", "q.dlq"); err != nil {
		return err
	}
	return w.awaitAlert(ctx, false)
}

func (w *whole) awaitAlert(ctx context.Context, firing bool) error {
	return poll(ctx, alertTimeout, func(ctx context.Context) error {
		names, err := w.activeAlerts(ctx)
		if err != nil {
			return err
		}
		if slices.Contains(names, deadLettersAlert) != firing {
			return fmt.Errorf("alert %s must be active: %v; active are %v", deadLettersAlert, firing, names)
		}
		return nil
	})
}
