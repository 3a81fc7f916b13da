package stacks

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/components/namespace"
	"github.com/growbin/cluster/components/pod"
	"github.com/growbin/cluster/components/workload"
)

const (
	namespaceMonitoring = "monitoring"
	nodeMonitoring      = "k8s-monitoring"

	celeryExporter      = "celery-exporter"
	celeryExporterPort  = 9808
	imageCeleryExporter = "danihodovic/celery-exporter:0.10.13"

	// backlogMessages ready in a queue mean that its workers do not keep up: some minutes of work for them.
	backlogMessages = 1000
	// backupMaxAge leaves a nightly backup two hours to be late.
	backupMaxAge = 26 * time.Hour
	// etcdBackupMaxAge is two backups missed: see backupSchedule.
	etcdBackupMaxAge = 13 * time.Hour
)

// deployMonitoring watches the cluster from its own node.
func deployMonitoring(ctx *pulumi.Context, s *Settings, p *platform, stores *stores) error {
	space, err := namespace.NewNamespace(ctx, namespaceMonitoring, &namespace.NamespaceArgs{PodSecurity: namespace.Privileged}, p.inCluster)
	if err != nil {
		return err
	}
	place, disk, _, err := p.on(s, nodeMonitoring)
	if err != nil {
		return err
	}
	args := &monitoring.MonitoringArgs{
		Namespace: space.Name, Cluster: s.ClusterName(), Placement: place, Storage: disk,
		Nodes: monitoredNodes(s.Nodes), DeadLetterQueues: []string{queueDeadLetters}, Receiver: s.receiver(),
		EtcdBackupMaxAge: etcdBackupMaxAge,
	}
	for _, queue := range queues() {
		if queue.DeadLetter {
			args.Queues = append(args.Queues, monitoring.Queue{Name: queue.Name, BacklogMessages: backlogMessages})
		}
	}
	for _, job := range stores.database.BackupJobs() {
		args.Backups = append(args.Backups, monitoring.Backup{Namespace: namespaceData, CronJob: job, MaxAge: backupMaxAge})
	}
	// node-exporter runs everywhere, so all nodes must have joined.
	if _, err = monitoring.NewMonitoring(ctx, "monitoring", args, p.inCluster, p.Ready(nodeNames(s.Nodes)...)); err != nil {
		return err
	}
	return deployCeleryExporter(ctx, p, space, place, stores)
}

// deployCeleryExporter counts the tasks that workers report; they send the events for it because of --task-events.
func deployCeleryExporter(ctx *pulumi.Context, p *platform, space *namespace.Namespace, place pod.Placement, stores *stores) error {
	broker, err := stores.broker.URL(celeryExporter)
	if err != nil {
		return err
	}
	health := &workload.Probe{Path: "/health"}
	_, err = workload.New(ctx, celeryExporter, &workload.Args{
		Namespace: space.Name, Image: imageCeleryExporter, Replicas: 1, Port: celeryExporterPort,
		SecretEnv:    map[string]pulumi.StringInput{"CE_BROKER_URL": broker},
		NodeSelector: place.NodeSelector, Tolerations: place.Tolerations,
		Requests: workload.Resources{CPU: "50m", Memory: "96Mi"}, Limits: workload.Resources{Memory: "256Mi"},
		Liveness: health, Readiness: health,
		Annotations: scrapeAnnotations(celeryExporterPort, "/metrics"),
		PartOf:      "monitoring", Component: "exporter",
	}, p.inCluster, p.Ready(nodeMonitoring), stores.before())
	return err
}

func monitoredNodes(nodes []Node) []monitoring.Node {
	out := make([]monitoring.Node, 0, len(nodes))
	for _, n := range nodes {
		watched := monitoring.Node{Name: n.Name, Purpose: n.Purpose}
		if n.Band != nil {
			watched.Band = &monitoring.Band{LowPercent: int(n.Band.Low), HighPercent: int(n.Band.High)}
		}
		out = append(out, watched)
	}
	return out
}

// receiver is nil when alerts are only to be shown.
func (s *Settings) receiver() *monitoring.Receiver {
	if s.AlertReceiver == alertNone {
		return nil
	}
	return &monitoring.Receiver{Kind: monitoring.ReceiverKind(s.AlertReceiver), URL: s.AlertURL, Channel: s.AlertChannel}
}
