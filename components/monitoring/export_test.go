package monitoring

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"

	"github.com/growbin/cluster/components/localvolume"
	"github.com/growbin/cluster/components/pod"
)

// SampleArgs are complete and valid; testdata/rules_test.yml is written for them.
func SampleArgs() *MonitoringArgs {
	return &MonitoringArgs{
		Namespace: pulumi.String("watch"), NodeNamespace: pulumi.String("watch-nodes"),
		Cluster: "lab",
		Placement: pod.Placement{
			NodeSelector: map[string]string{"role": "watch"},
			Tolerations:  []corev1.Toleration{{Key: "role", Value: "watch", Effect: corev1.TaintEffectNoSchedule}},
		},
		Storage: localvolume.Storage{NodeName: "watch-one", Path: "/var/lib/data", SizeGiB: 40, ClassName: pulumi.String("local-data")},
		Nodes: []Node{
			{Name: "api-one", Purpose: "API"},
			{Name: "ai-one", Purpose: "AI workers"},
			{Name: "store-one", Purpose: "Database"},
			{Name: "watch-one", Purpose: "Monitoring"},
		},
		Backups: []Backup{
			{Namespace: "store", CronJob: "backup-main", MaxAge: 26 * time.Hour},
			{Namespace: "store", CronJob: "backup-audit", MaxAge: 26 * time.Hour},
		},
		EtcdBackupMaxAge: 13 * time.Hour,
		Receiver:         &Receiver{Kind: ReceiverSlack, URL: pulumi.String("https://hooks.example.com/T0/B0/secret-part"), Channel: "#alerts"},
		GrafanaURL:       "https://grafana.example.com",
		GrafanaNodePort:  30300,
	}
}

// complete returns SampleArgs with defaults.
func complete() *MonitoringArgs { return SampleArgs().withDefaults() }

// Rules returns rules.yml.
func Rules(a *MonitoringArgs) (string, error) { return renderRules(a.withDefaults()) }

// ProvisionedDashboards returns the dashboards as Grafana gets them.
func ProvisionedDashboards(a *MonitoringArgs) (map[string]string, error) {
	return a.provisionedDashboards()
}

// WatchedResources are those that kube-state-metrics can read.
func WatchedResources() []string {
	var list []string
	for _, g := range watchedObjects() {
		list = append(list, g.resources...)
	}
	return list
}

// Discovered is a target of Kubernetes discovery; its labels lack the prefix "__meta_kubernetes_".
type Discovered struct {
	Address string
	Meta    map[string]string
}

// RelabelConfigs are prometheus.yml files with a single job, whose discovery is replaced by the given targets.
var RelabelConfigs = map[string]func([]Discovered) (string, error){
	JobPods:         func(all []Discovered) (string, error) { return relabelConfigFor(podsJob(), all) },
	JobNodeExporter: func(all []Discovered) (string, error) { return relabelConfigFor(nodeExporterJob(), all) },
	JobAPIServer:    func(all []Discovered) (string, error) { return relabelConfigFor(apiServerJob(), all) },
}

func relabelConfigFor(job scrapeConfig, all []Discovered) (string, error) {
	job.KubernetesSDConfigs, job.Authorization, job.TLSConfig = nil, nil, nil
	for _, f := range all {
		labels := map[string]string{}
		for name, value := range f.Meta {
			labels["__meta_kubernetes_"+name] = value
		}
		job.StaticConfigs = append(job.StaticConfigs, staticConfig{Targets: []string{f.Address}, Labels: labels})
	}
	// Nothing is scraped within the test.
	return marshal("prometheus.yml", prometheusConfig{
		Global: globalConfig{ScrapeInterval: "1h", EvaluationInterval: "1h"}, ScrapeConfigs: []scrapeConfig{job},
	})
}
