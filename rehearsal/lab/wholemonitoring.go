package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/growbin/cluster/internal/testing/promtest"
)

// alertTimeout covers two scrapes, the time for which the alert must hold, and the notification, thirty seconds and a minute each.
const alertTimeout = 5 * time.Minute

// deadLettersAlert is the alert that the check fires.
const deadLettersAlert = "DeadLettersWaiting"

// ask sends a GET to a Service of monitoring through the API server, and decodes the JSON of its answer.
func (w *whole) ask(ctx context.Context, service, path string, parameters map[string]string, into any) error {
	request := w.client.CoreV1().RESTClient().Get().Namespace("monitoring").Resource("services").Name(service + ":http").SubResource("proxy").Suffix(path)
	for name, value := range parameters {
		request = request.Param(name, value)
	}
	text, err := request.DoRaw(ctx)
	if err != nil {
		return fmt.Errorf("asking %s: %w: %s", service, err, text)
	}
	return json.Unmarshal(text, into)
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
		if err := w.ask(ctx, "prometheus", "api/v1/targets", nil, &found); err != nil {
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
	if err := poll(ctx, 3*time.Minute, func(ctx context.Context) (err error) {
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
	if err := w.ask(ctx, "prometheus", "api/v1/label/__name__/values", nil, &known); err != nil {
		return queries, err
	}
	var problems []error
	for _, query := range queries {
		var found struct {
			Data struct{ Result []json.RawMessage }
		}
		problem := w.ask(ctx, "prometheus", "api/v1/query", map[string]string{"query": query.Expr}, &found)
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
		var alerts []struct{ Labels map[string]string }
		if err := w.ask(ctx, "alertmanager", "api/v2/alerts", map[string]string{"active": "true"}, &alerts); err != nil {
			return err
		}
		var names []string
		found := false
		for _, alert := range alerts {
			names = append(names, alert.Labels["alertname"])
			found = found || alert.Labels["alertname"] == deadLettersAlert
		}
		if found != firing {
			return fmt.Errorf("alert %s must be active: %v; active are %v", deadLettersAlert, firing, names)
		}
		return nil
	})
}
