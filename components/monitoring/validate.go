package monitoring

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"
)

// Validate returns every problem of the arguments, joined. Zero values that have a default are problems here:
// NewMonitoring fills them in first.
func (a *MonitoringArgs) Validate() error {
	c := &checker{}
	c.require(a.Namespace != nil, "Namespace is missing; give the namespace to create everything in")
	c.require(a.Cluster != "", "Cluster is empty; give the cluster's name, alerts carry it")
	c.add(a.Placement.Validate())
	c.add(a.Storage.Validate())
	a.validateRetention(c)
	a.Images.validate(c)
	a.validateNodes(c)
	a.validateQueues(c)
	a.validateBackups(c)
	a.Receiver.validate(c)
	if a.GrafanaURL != "" {
		u, err := url.Parse(a.GrafanaURL)
		c.require(err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https"),
			"GrafanaURL is %q; give an address such as https://grafana.example.com", a.GrafanaURL)
	}
	c.require(a.ScrapeInterval >= 5*time.Second && a.ScrapeInterval <= 2*time.Minute,
		"ScrapeInterval is %s; use 5s to 2m: rates are taken over 5m", a.ScrapeInterval)
	c.require(a.JoinTokenLead > 0, "JoinTokenLead is %s; give a time above 0", a.JoinTokenLead)
	c.require(a.CertificateLead > 0, "CertificateLead is %s; give a time above 0", a.CertificateLead)
	return errors.Join(c.problems...)
}

// minDiskGiB leaves room for a write-ahead log, which can take 3 GiB by itself.
const minDiskGiB = 5

func (a *MonitoringArgs) validateRetention(c *checker) {
	size := a.Storage.SizeGiB
	if size < minDiskGiB {
		c.report("Storage.SizeGiB is %d; give %d or more, a write-ahead log alone can take 3", size, minDiskGiB)
		return
	}
	limit := maxRetentionGiB(size)
	c.require(a.RetentionGiB >= 1 && a.RetentionGiB <= limit,
		"RetentionGiB is %d on a disk of %d GiB; use 1 to %d, the write-ahead log and compaction need the rest",
		a.RetentionGiB, size, limit)
}

func (i Images) validate(c *checker) {
	for _, image := range []struct{ field, value string }{
		{"Prometheus", i.Prometheus}, {"Alertmanager", i.Alertmanager}, {"Grafana", i.Grafana},
		{"NodeExporter", i.NodeExporter}, {"KubeStateMetrics", i.KubeStateMetrics},
	} {
		name := image.value[strings.LastIndex(image.value, "/")+1:]
		c.require(strings.ContainsAny(name, ":@"), "Images.%s is %q; give a tag or digest, since latest moves", image.field, image.value)
	}
}

func (a *MonitoringArgs) validateNodes(c *checker) {
	c.require(len(a.Nodes) > 0, "Nodes is empty; give the nodes that are expected to be in the cluster")
	seen := map[string]bool{}
	for i, n := range a.Nodes {
		c.name(fmt.Sprintf("Nodes[%d].Name", i), n.Name)
		c.require(!seen[n.Name], "Nodes[%d].Name is %q a second time; name each node once", i, n.Name)
		c.require(n.Purpose != "", "Nodes[%d].Purpose is empty; say in a few words what %q is for", i, n.Name)
		if b := n.Band; b != nil {
			c.require(0 < b.LowPercent && b.LowPercent < b.HighPercent && b.HighPercent <= 100,
				"Nodes[%d].Band is %d to %d percent; use 0 < low < high <= 100", i, b.LowPercent, b.HighPercent)
		}
		seen[n.Name] = true
	}
	disk := a.Storage.NodeName
	c.require(disk == "" || len(a.Nodes) == 0 || seen[disk], "Storage.NodeName is %q, which is not one of Nodes", disk)
}

func (a *MonitoringArgs) validateQueues(c *checker) {
	seen := map[string]bool{}
	for i, q := range a.Queues {
		c.require(q.Name != "", "Queues[%d].Name is empty; give the queue's name", i)
		c.require(!seen[q.Name], "Queues[%d].Name is %q a second time; name each queue once", i, q.Name)
		c.require(q.BacklogMessages > 0, "Queues[%d].BacklogMessages is %d; give the number of waiting messages that is too many", i, q.BacklogMessages)
		seen[q.Name] = true
	}
	for i, q := range a.DeadLetterQueues {
		c.require(q != "", "DeadLetterQueues[%d] is empty; give the queue's name", i)
		c.require(!seen[q], "DeadLetterQueues[%d] is %q, which is named before; a queue is worked off or has to stay empty, not both", i, q)
		seen[q] = true
	}
}

func (a *MonitoringArgs) validateBackups(c *checker) {
	c.require(a.EtcdBackupMaxAge == 0 || a.EtcdBackupMaxAge >= time.Hour, "EtcdBackupMaxAge is %s; use 1h or more, and longer than the time between two backups, or 0", a.EtcdBackupMaxAge)
	for i, b := range a.Backups {
		c.name(fmt.Sprintf("Backups[%d].Namespace", i), b.Namespace)
		c.name(fmt.Sprintf("Backups[%d].CronJob", i), b.CronJob)
		c.require(b.MaxAge >= time.Hour, "Backups[%d].MaxAge is %s; use 1h or more, and longer than the time between two runs", i, b.MaxAge)
	}
}

func (r *Receiver) validate(c *checker) {
	if r == nil {
		return
	}
	c.require(r.URL != nil, "Receiver.URL is missing; give the address alerts are sent to, or no receiver")
	switch r.Kind {
	case ReceiverSlack:
		c.require(r.Channel != "", "Receiver.Channel is empty; Slack needs a channel such as #alerts")
	case ReceiverWebhook:
		c.require(r.Channel == "", "Receiver.Channel is %q; a webhook has no channel, leave it empty", r.Channel)
	default:
		c.report("Receiver.Kind is %q; use %q or %q", r.Kind, ReceiverSlack, ReceiverWebhook)
	}
}

// checker collects problems.
type checker struct{ problems []error }

func (c *checker) report(format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf(format, args...))
}

// add takes over what another validation found.
func (c *checker) add(err error) {
	if err != nil {
		c.problems = append(c.problems, err)
	}
}

func (c *checker) require(ok bool, format string, args ...any) {
	if !ok {
		c.report(format, args...)
	}
}

// name checks a Kubernetes object name.
func (c *checker) name(field, value string) {
	for _, problem := range validation.IsDNS1123Subdomain(value) {
		c.report("%s is %q: %s", field, value, problem)
	}
}

// https says whether people reach an address over TLS.
func https(address string) bool { return strings.HasPrefix(address, "https://") }
