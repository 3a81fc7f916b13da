package monitoring

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/components/pod"
)

// MonitoringArgs describes what is watched, where the watchers run and whom they tell.
type MonitoringArgs struct {
	// Namespace is where everything is created; it has to exist.
	Namespace pulumi.StringInput
	// Cluster names the cluster in alerts and on dashboards.
	Cluster string
	// Placement is where all pods run but node-exporter's, which run on every node.
	Placement pod.Placement
	// Images default to DefaultImages, each on its own.
	Images Images
	// Storage is the disk of that node; Prometheus and Alertmanager each have a directory of it.
	Storage localvolume.Storage
	// RetentionGiB is how much the time series database may hold before it drops its oldest blocks: at most
	// MaxRetentionShare of the disk, and that much when zero.
	RetentionGiB int
	// Nodes are the cluster's expected nodes: one that is missing raises an alert.
	Nodes []Node
	// Queues are the RabbitMQ queues that are expected to be worked off.
	Queues []Queue
	// DeadLetterQueues are the RabbitMQ queues that have to stay empty.
	DeadLetterQueues []string
	// Backups are CronJobs that have to succeed in time.
	Backups []Backup
	// EtcdBackupMaxAge is how old the control plane's last backup may be; at least an hour, or zero where it makes none.
	EtcdBackupMaxAge time.Duration
	// Receiver is told of alerts. Without one they are shown by Alertmanager and sent nowhere.
	Receiver *Receiver
	// GrafanaURL is Grafana's address for people, for example "https://grafana.example.com"; empty for its Service's own.
	GrafanaURL string
	// ScrapeInterval is 30 s when zero.
	ScrapeInterval time.Duration
	// JoinTokenLead is how long before its end a join token raises an alert; 4 h when zero. It has to be shorter than
	// what is left of a token when it is renewed.
	JoinTokenLead time.Duration
	// CertificateLead is how long before its end a certificate raises an alert; 21 days when zero.
	CertificateLead time.Duration
}

// Images are container images with their tags.
type Images struct {
	Prometheus, Alertmanager, Grafana, NodeExporter, KubeStateMetrics string
}

// DefaultImages are the versions this package was written for (2026-11).
func DefaultImages() Images {
	return Images{
		Prometheus:       "prom/prometheus:v3.13.2",
		Alertmanager:     "prom/alertmanager:v0.34.0",
		Grafana:          "grafana/grafana:13.2.0",
		NodeExporter:     "prom/node-exporter:v1.12.1",
		KubeStateMetrics: "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.20.0",
	}
}

// MaxRetentionShare of a volume may be given to the database's blocks; the rest is for the write-ahead log, for
// blocks being compacted and for Alertmanager (Prometheus's operating guide: 80 to 85 percent).
const MaxRetentionShare = 0.8

// Node is a node that is expected to be in the cluster.
type Node struct {
	// Name is the node's name in Kubernetes.
	Name string
	// Purpose says in a few words what it is for.
	Purpose string
	// Band is the load it is expected to carry; nil when none is stated.
	Band *Band
}

// Band is an expected load: the greater of CPU and memory utilisation, in percent.
type Band struct {
	LowPercent, HighPercent int
}

// Queue is a RabbitMQ queue.
type Queue struct {
	// Name is the queue's name.
	Name string
	// BacklogMessages ready for a quarter of an hour, and still more of them, raise an alert.
	BacklogMessages int
}

// Backup is a CronJob that makes a backup.
type Backup struct {
	// Namespace and CronJob name it.
	Namespace, CronJob string
	// MaxAge is how old the last success may be.
	MaxAge time.Duration
}

// ReceiverKind says how a Receiver is spoken to.
type ReceiverKind string

const (
	// ReceiverSlack is a Slack incoming webhook.
	ReceiverSlack ReceiverKind = "slack"
	// ReceiverWebhook takes Alertmanager's own JSON.
	ReceiverWebhook ReceiverKind = "webhook"
)

// Receiver is where alerts are sent.
type Receiver struct {
	Kind ReceiverKind
	// URL holds a credential: it is kept secret whatever it is made of.
	URL pulumi.StringInput
	// Channel is a Slack channel such as "#alerts"; only for Slack, and there it is required.
	Channel string
}

func maxRetentionGiB(diskGiB int) int { return int(MaxRetentionShare * float64(diskGiB)) }

// withDefaults returns a copy in which every value that has a default is filled in.
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
		{&out.JoinTokenLead, 4 * time.Hour},
		{&out.CertificateLead, 21 * 24 * time.Hour},
	} {
		if *duration.value == 0 {
			*duration.value = duration.fallback
		}
	}
	if out.RetentionGiB == 0 {
		out.RetentionGiB = maxRetentionGiB(out.Storage.SizeGiB)
	}
	return &out
}

func ptr[T any](v T) *T { return &v }
