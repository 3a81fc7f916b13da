package monitoring

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	utilvalidation "k8s.io/apimachinery/pkg/util/validation"

	"github.com/growbin/cluster/components/pod"
	"github.com/growbin/cluster/components/validation"
)

// Validate returns all problems of the arguments, joined. Defaults must be filled in: zero values are problems here.
func (a *MonitoringArgs) Validate() error {
	var problems validation.Problems
	if a.Namespace == nil {
		problems.NotSet("Namespace", "must be the namespace of all objects but node-exporter")
	}
	if a.NodeNamespace == nil {
		problems.NotSet("NodeNamespace", "must be the namespace of node-exporter, one that admits privileged pods")
	}
	if a.Cluster == "" {
		problems.NotSet("Cluster", "must be the cluster's name: alerts carry it")
	}
	problems.Include("Placement", a.Placement.Validate())
	problems.Include("Storage", a.Storage.Validate())
	a.validateRetention(&problems)
	a.Images.validate(&problems)
	a.validateNodes(&problems)
	a.validateRules(&problems)
	a.validateDashboards(&problems)
	a.validateBackups(&problems)
	a.Receiver.validate(&problems)
	validateURL(&problems, "GrafanaURL", a.GrafanaURL)
	if port := a.GrafanaNodePort; port != 0 && (port < 30000 || port > 32767) {
		problems.Add("GrafanaNodePort", port, "must be 30000 to 32767, or 0 for none")
	}
	validateURL(&problems, "RunbookURL", a.RunbookURL)
	if strings.Contains(a.RunbookURL, "#") {
		problems.Add("RunbookURL", a.RunbookURL, "must have no fragment: the alert's name is added as one")
	}
	if a.ScrapeInterval < 5*time.Second || a.ScrapeInterval > 2*time.Minute {
		problems.Add("ScrapeInterval", a.ScrapeInterval, "must be 5s to 2m: rates are computed over 5m")
	}
	if a.JoinReadMaxAge <= 0 {
		problems.Add("JoinReadMaxAge", a.JoinReadMaxAge, "must be above 0")
	}
	if a.CertificateLead <= 0 {
		problems.Add("CertificateLead", a.CertificateLead, "must be above 0")
	}
	return problems.Err()
}

// minDiskGiB leaves room for the write-ahead log, which can take 3 GiB by itself.
const minDiskGiB = 5

// maxRetentionDays is ten years.
const maxRetentionDays = 3650

func (a *MonitoringArgs) validateRetention(problems *validation.Problems) {
	size := a.Storage.SizeGiB
	if size < minDiskGiB {
		problems.Add("Storage.SizeGiB", size, "must be at least %d: the write-ahead log alone can take 3", minDiskGiB)
		return
	}
	if limit := maxRetentionGiB(size); a.RetentionGiB < 1 || a.RetentionGiB > limit {
		problems.Add("RetentionGiB", a.RetentionGiB, "must be 1 to %d on a disk of %d GiB: the write-ahead log and compaction need the rest", limit, size)
		return
	}
	switch need := a.retentionBytes(); {
	case a.RetentionDays < 1 || a.RetentionDays > maxRetentionDays:
		problems.Add("RetentionDays", a.RetentionDays, "must be 1 to %d", maxRetentionDays)
	case need > int64(a.RetentionGiB)<<30:
		problems.Add("RetentionDays", a.RetentionDays, "must be %d or less: about %d series of %d nodes fill RetentionGiB %d sooner",
			int64(a.RetentionDays)*(int64(a.RetentionGiB)<<30)/need, a.expectedSeries(), len(a.Nodes), a.RetentionGiB)
	}
}

func (i Images) validate(problems *validation.Problems) {
	for _, image := range []struct{ field, value string }{
		{"Prometheus", i.Prometheus}, {"Alertmanager", i.Alertmanager}, {"Grafana", i.Grafana},
		{"NodeExporter", i.NodeExporter}, {"KubeStateMetrics", i.KubeStateMetrics},
	} {
		pod.ValidateImage(problems, "Images."+image.field, image.value)
	}
}

func (a *MonitoringArgs) validateNodes(problems *validation.Problems) {
	if len(a.Nodes) == 0 {
		problems.NotSet("Nodes", "must be the expected nodes of the cluster")
	}
	seen := map[string]bool{}
	for i, n := range a.Nodes {
		field := fmt.Sprintf("Nodes[%d]", i)
		validateName(problems, field+".Name", n.Name)
		if seen[n.Name] {
			problems.Add(field+".Name", n.Name, "must be unique")
		}
		if n.Purpose == "" {
			problems.NotSet(field+".Purpose", "must be the node's purpose in a few words")
		}
		seen[n.Name] = true
	}
	if disk := a.Storage.NodeName; disk != "" && len(a.Nodes) > 0 && !seen[disk] {
		problems.Add("Storage.NodeName", disk, "must be one of Nodes")
	}
}

func (a *MonitoringArgs) validateBackups(problems *validation.Problems) {
	const minAge = "must be 1h or more, and longer than the time between two runs"
	if a.EtcdBackupMaxAge != 0 && a.EtcdBackupMaxAge < time.Hour {
		problems.Add("EtcdBackupMaxAge", a.EtcdBackupMaxAge, minAge+", or 0")
	}
	for i, b := range a.Backups {
		field := fmt.Sprintf("Backups[%d]", i)
		validateName(problems, field+".Namespace", b.Namespace)
		validateName(problems, field+".CronJob", b.CronJob)
		if b.MaxAge < time.Hour {
			problems.Add(field+".MaxAge", b.MaxAge, minAge)
		}
	}
}

func (r *Receiver) validate(problems *validation.Problems) {
	if r == nil {
		return
	}
	if r.URL == nil {
		problems.NotSet("Receiver.URL", "must be the address that alerts are sent to")
	}
	switch r.Kind {
	case ReceiverSlack:
		if r.Channel == "" {
			problems.NotSet("Receiver.Channel", "must be a Slack channel, e.g. #alerts")
		}
	case ReceiverWebhook, ReceiverDiscord:
		if r.Channel != "" {
			problems.Add("Receiver.Channel", r.Channel, "must be empty: a webhook has no channel")
		}
	default:
		problems.Add("Receiver.Kind", string(r.Kind), "must be %s, %s or %s", ReceiverSlack, ReceiverDiscord, ReceiverWebhook)
	}
}

// validateName checks the name of a Kubernetes object.
func validateName(problems *validation.Problems, field, value string) {
	for _, problem := range utilvalidation.IsDNS1123Subdomain(value) {
		problems.Add(field, value, "must be the name of a Kubernetes object: %s", problem)
	}
}

// validateURL checks an optional address of a web page.
func validateURL(problems *validation.Problems, field, address string) {
	if address == "" {
		return
	}
	if u, err := url.Parse(address); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		problems.Add(field, address, "must be an address, e.g. https://www.example.com")
	}
}

// https reports whether an address is reached over TLS.
func https(address string) bool { return strings.HasPrefix(address, "https://") }
