package monitoring

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/components/pins"
	"github.com/growbin/cluster/components/pod"
)

// MonitoringArgs configures Prometheus, Alertmanager and Grafana.
type MonitoringArgs struct {
	// Namespace of all objects but node-exporter; it must exist, and may be restricted.
	Namespace pulumi.StringInput `pulumi:"namespace"`
	// NodeNamespace is that of node-exporter; it must exist and admit privileged pods, and should hold nothing else.
	NodeNamespace pulumi.StringInput `pulumi:"nodeNamespace"`
	// Cluster is the cluster's name in alerts and in Grafana's folder.
	Cluster string `pulumi:"cluster"`
	// Placement of all pods except node-exporter's, which run on every node.
	Placement pod.Placement `pulumi:"placement"`
	// Images default to DefaultImages, each on its own.
	Images Images `pulumi:"images"`
	// Storage is the disk of that node. Prometheus and Alertmanager each use a directory of it.
	Storage localvolume.Storage `pulumi:"storage"`
	// RetentionGiB is the size in GiB at which Prometheus drops its oldest blocks. The default and the maximum are
	// MaxRetentionShare of the disk.
	RetentionGiB int `pulumi:"retentionGiB"`
	// RetentionDays is the age in days at which Prometheus drops blocks, 30 by default. By the estimate of the series, their
	// size must be at most RetentionGiB.
	RetentionDays int `pulumi:"retentionDays"`
	// Nodes are the expected nodes: a missing one raises an alert.
	Nodes []Node `pulumi:"nodes"`
	// Rules are added to the rules for nodes, pods, credentials and backups.
	Rules []RuleGroup `pulumi:"rules"`
	// Dashboards are added to the cluster's own, by file name, e.g. "queues.json": JSON in the classic format, as Grafana
	// exports it. A dashboard that was edited in Grafana can be saved back as it is. Panels use the data source with the
	// uid DatasourceUID.
	Dashboards map[string]string `pulumi:"dashboards"`
	// RunbookURL is the address of the page that explains the alerts, e.g. "https://example.com/runbook". Every alert gets
	// an annotation runbook_url: this address with RunbookAnchor of its name as the fragment. If empty, there is none.
	RunbookURL string `pulumi:"runbookUrl"`
	// Summaries replace the summary of an alert by its name, e.g. in another language. KoreanSummaries has those of any cluster.
	Summaries map[string]string `pulumi:"summaries"`
	// Backups are CronJobs that must succeed in time.
	Backups []Backup `pulumi:"backups"`
	// EtcdBackupMaxAge is the maximum age of the last etcd backup, at least 1 h; 0 if the control plane makes none.
	EtcdBackupMaxAge time.Duration `pulumi:"etcdBackupMaxAge"`
	// Receiver of alerts. If nil, alerts are shown by Alertmanager only.
	Receiver *Receiver `pulumi:"receiver"`
	// HeartbeatURL is the address of a watcher outside the cluster, to which Alertmanager posts every minute: it should notify
	// somebody when the posts stop. It contains a credential. If nil, there is none.
	HeartbeatURL pulumi.StringInput `pulumi:"heartbeatUrl"`
	// GrafanaURL is the address at which people open Grafana, e.g. "https://grafana.example.com"; empty for a tunnel to
	// its Service.
	GrafanaURL string `pulumi:"grafanaUrl"`
	// GrafanaNodePort is Grafana's port on every node, 30000 to 32767; 0 for none.
	GrafanaNodePort int `pulumi:"grafanaNodePort"`
	// ScrapeInterval defaults to 30 s.
	ScrapeInterval time.Duration `pulumi:"scrapeInterval"`
	// JoinReadMaxAge is the age of the control plane's last look for joining nodes that raises an alert, 10 min by default.
	JoinReadMaxAge time.Duration `pulumi:"joinReadMaxAge"`
	// CertificateLead is the remaining lifetime at which a certificate raises an alert, 21 days by default.
	CertificateLead time.Duration `pulumi:"certificateLead"`
}

// Images are container images with their tags.
type Images struct {
	Prometheus       string `pulumi:"prometheus"`
	Alertmanager     string `pulumi:"alertmanager"`
	Grafana          string `pulumi:"grafana"`
	NodeExporter     string `pulumi:"nodeExporter"`
	KubeStateMetrics string `pulumi:"kubeStateMetrics"`
}

// DefaultImages returns the versions that this package was tested with.
func DefaultImages() Images {
	return Images{
		Prometheus:       pins.Prometheus,
		Alertmanager:     pins.Alertmanager,
		Grafana:          pins.Grafana,
		NodeExporter:     pins.NodeExporter,
		KubeStateMetrics: pins.KubeStateMetrics,
	}
}

// MaxRetentionShare is the share of a volume that Prometheus's blocks may use. The write-ahead log, compaction and
// Alertmanager need the rest (Prometheus's operating guide: 80 to 85 percent).
const MaxRetentionShare = 0.8

// Node is an expected node of the cluster.
type Node struct {
	// Name of the node in Kubernetes.
	Name string `pulumi:"name"`
	// Purpose in a few words, for alerts.
	Purpose string `pulumi:"purpose"`
}

// Backup is a CronJob that makes a backup.
type Backup struct {
	// Namespace and name of the CronJob.
	Namespace string `pulumi:"namespace"`
	CronJob   string `pulumi:"cronJob"`
	// MaxAge is the maximum age of the last success, at least 1 h.
	MaxAge time.Duration `pulumi:"maxAge"`
}

// ReceiverKind is the protocol of a Receiver.
type ReceiverKind string

const (
	// ReceiverSlack is a Slack incoming webhook.
	ReceiverSlack ReceiverKind = "slack"
	// ReceiverWebhook takes Alertmanager's own JSON.
	ReceiverWebhook ReceiverKind = "webhook"
	// ReceiverDiscord is a Discord webhook of a channel.
	ReceiverDiscord ReceiverKind = "discord"
)

// Receiver is the destination of alerts.
type Receiver struct {
	Kind ReceiverKind `pulumi:"kind"`
	// URL contains a credential: it is always treated as a secret.
	URL pulumi.StringInput `pulumi:"url"`
	// Channel is a Slack channel, e.g. "#alerts". Slack requires it; the others have none.
	Channel string `pulumi:"channel"`
	// Quiet are times at which nothing is sent. An alert that lasts is sent afterwards.
	Quiet []Quiet `pulumi:"quiet"`
}

// Quiet is a part of each week.
type Quiet struct {
	// Weekdays are Alertmanager's names, e.g. saturday or "monday:friday"; all when empty.
	Weekdays []string `pulumi:"weekdays"`
	// Start and End are times of day, e.g. 20:00 and 24:00; the whole day when empty.
	Start string `pulumi:"start"`
	End   string `pulumi:"end"`
	// Timezone is an IANA name, e.g. Asia/Seoul.
	Timezone string `pulumi:"timezone"`
}

func maxRetentionGiB(diskGiB int) int { return int(MaxRetentionShare * float64(diskGiB)) }

// withDefaults returns a copy with all defaults filled in.
func (a *MonitoringArgs) withDefaults() *MonitoringArgs {
	out := *a
	images := DefaultImages()
	for _, image := range []struct{ value, fallback *string }{
		{&out.Images.Prometheus, &images.Prometheus},
		{&out.Images.Alertmanager, &images.Alertmanager},
		{&out.Images.Grafana, &images.Grafana},
		{&out.Images.NodeExporter, &images.NodeExporter},
		{&out.Images.KubeStateMetrics, &images.KubeStateMetrics},
	} {
		if *image.value == "" {
			*image.value = *image.fallback
		}
	}
	for _, duration := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{
		{&out.ScrapeInterval, 30 * time.Second},
		{&out.JoinReadMaxAge, 10 * time.Minute},
		{&out.CertificateLead, 21 * 24 * time.Hour},
	} {
		if *duration.value == 0 {
			*duration.value = duration.fallback
		}
	}
	if out.RetentionGiB == 0 {
		out.RetentionGiB = maxRetentionGiB(out.Storage.SizeGiB)
	}
	if out.RetentionDays == 0 {
		out.RetentionDays = 30
	}
	return &out
}
