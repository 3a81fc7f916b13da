package stacks

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/components/namespace"
	"github.com/growbin/cluster/components/pins"
	"github.com/growbin/cluster/components/pod"
	"github.com/growbin/cluster/components/workload"
)

// MonitoringNamespace is the namespace of Alertmanager.
const MonitoringNamespace = namespaceMonitoring

const (
	namespaceMonitoring = "monitoring"
	// namespaceNodes holds node-exporter alone, the one pod that uses its host.
	namespaceNodes = "node-exporter"
	nodeMonitoring = "k8s-monitoring"

	celeryExporter     = "celery-exporter"
	celeryExporterPort = 9808

	// backupMaxAge allows a nightly backup to be two hours late.
	backupMaxAge = 26 * time.Hour
	// etcdBackupMaxAge is reached after two missed backups: see backupSchedule.
	etcdBackupMaxAge = 13 * time.Hour
)

// deployMonitoring deploys monitoring to its own node.
func deployMonitoring(ctx *pulumi.Context, s *Settings, c *infrastructure, p *platform, stores *stores) (*monitoring.Monitoring, error) {
	space, err := s.newNamespace(ctx, namespaceMonitoring, &namespace.NamespaceArgs{}, p.inCluster)
	if err != nil {
		return nil, err
	}
	nodes, err := s.newNamespace(ctx, namespaceNodes, &namespace.NamespaceArgs{PodSecurity: namespace.Privileged}, p.inCluster)
	if err != nil {
		return nil, err
	}
	place, disk, _, err := p.placeOn(s, nodeMonitoring)
	if err != nil {
		return nil, err
	}
	files, err := dashboards()
	if err != nil {
		return nil, err
	}
	args := &monitoring.MonitoringArgs{
		Namespace: space.Name, NodeNamespace: nodes.Name, Cluster: s.ClusterName(), Placement: place, Storage: disk, Images: s.monitoringImages(),
		Nodes: monitoredNodes(s.Nodes), Rules: alertRules(s.Nodes), Dashboards: files,
		RunbookURL: runbookURL, Summaries: s.summaries(), Receiver: s.receiver(), EtcdBackupMaxAge: etcdBackupMaxAge,
	}
	if s.Heartbeat {
		args.HeartbeatURL = s.HeartbeatURL
	}
	if host := s.hostName(hostGrafana); host != "" {
		args.GrafanaURL, args.GrafanaNodePort = "https://"+host, grafanaNodePort
	}
	for _, job := range stores.database.BackupJobs() {
		args.Backups = append(args.Backups, monitoring.Backup{Namespace: namespaceData, CronJob: job, MaxAge: backupMaxAge})
	}
	var watch *monitoring.Monitoring
	err = together(func() (err error) {
		// node-exporter runs on every node, so all nodes must have joined.
		if watch, err = monitoring.NewMonitoring(ctx, "monitoring", args, p.inCluster, p.Ready(nodeNames(s.Nodes)...)); err != nil {
			return err
		}
		return deployHeartbeat(ctx, s, c, p, space, place, watch)
	},
		func() error { return deployMetricsServer(ctx, s, p, space.Name) },
		func() error { return deployCeleryExporter(ctx, s, p, space, place, stores) },
	)
	return watch, err
}

// deployCeleryExporter deploys the exporter of Celery's task metrics. Workers send the events for it because of their
// option --task-events.
func deployCeleryExporter(ctx *pulumi.Context, s *Settings, p *platform, space *namespace.Namespace, place pod.Placement, stores *stores) error {
	broker, err := stores.broker.URL(celeryExporter)
	if err != nil {
		return err
	}
	health := &workload.Probe{Path: "/health"}
	_, err = workload.NewWorkload(ctx, celeryExporter, &workload.WorkloadArgs{
		Namespace: space.Name, Image: s.pinned(pins.CeleryExporter), Replicas: 1, Port: celeryExporterPort,
		SecretEnv: map[string]pulumi.StringInput{"CE_BROKER_URL": broker},
		// By default it ends when it loses the broker, and its counters with it.
		Env:          map[string]string{"CE_RETRY_INTERVAL": "5"},
		NodeSelector: place.NodeSelector, Tolerations: place.Tolerations,
		Requests: workload.Resources{CPU: "50m", Memory: "96Mi"}, Limits: workload.Resources{Memory: "256Mi"},
		Liveness: health, Readiness: health,
		Annotations: pod.ScrapeAnnotations(celeryExporterPort),
		PartOf:      "monitoring", Component: "exporter",
	}, p.inCluster, p.Ready(nodeMonitoring), stores.dependsOnStores())
	return err
}

func monitoredNodes(nodes []Node) []monitoring.Node {
	out := make([]monitoring.Node, 0, len(nodes))
	for _, n := range nodes {
		out = append(out, monitoring.Node{Name: n.Name, Purpose: n.Purpose})
	}
	return out
}

// receiver is nil if alerts are only shown.
func (s *Settings) receiver() *monitoring.Receiver {
	if s.AlertReceiver == alertNone {
		return nil
	}
	return &monitoring.Receiver{Kind: monitoring.ReceiverKind(s.AlertReceiver), URL: s.AlertURL, Channel: s.AlertChannel, Quiet: s.quietTimes()}
}
