package monitoring

import (
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// The service account's token and CA are not on this machine: what promtool would look for on disk is left out, and
// TestRulesPassPromtool checks the rules. Debian builds Prometheus without Kubernetes discovery; there the same
// configuration is checked with fixed targets in its place, and upstream's promtool checks it whole.
func TestPrometheusConfigPassesPromtool(t *testing.T) {
	promtool := tool(t, "promtool")
	text, err := renderPrometheus(complete())
	require.NoError(t, err)
	check := func(text string) (string, error) {
		return runTool(t, write(t, map[string]string{configFile: text}), promtool, "check", "config", "--syntax-only", configFile)
	}
	out, err := check(text)
	if err != nil && strings.Contains(out, "field kubernetes_sd_configs not found") {
		t.Log("this promtool knows no Kubernetes discovery: checked with fixed targets in its place")
		out, err = check(withoutDiscovery(t, text))
	}
	require.NoError(t, err, out)
}

func withoutDiscovery(t *testing.T, text string) string {
	t.Helper()
	var config prometheusConfig
	require.NoError(t, yaml.UnmarshalStrict([]byte(text), &config))
	for i := range config.ScrapeConfigs {
		if job := &config.ScrapeConfigs[i]; len(job.KubernetesSDConfigs) > 0 {
			job.KubernetesSDConfigs = nil
			job.StaticConfigs = []staticConfig{{Targets: []string{"localhost:1"}}}
		}
	}
	out, err := marshal("prometheus.yml", config)
	require.NoError(t, err)
	return out
}

func TestAlertmanagerConfigPassesAmtool(t *testing.T) {
	amtool := tool(t, "amtool")
	for name, receiver := range map[string]*Receiver{
		"none":    nil,
		"slack":   {Kind: ReceiverSlack, Channel: "#alerts"},
		"webhook": {Kind: ReceiverWebhook},
	} {
		text, err := renderAlertmanager(receiver, "https://hooks.example.com/secret-part")
		require.NoError(t, err)
		dir := write(t, map[string]string{"alertmanager.yml": text})
		out, err := runTool(t, dir, amtool, "check-config", "alertmanager.yml")
		require.NoError(t, err, "%s: %s", name, out)

		want := receiverTeam
		if receiver == nil {
			want = receiverNone
		}
		for _, level := range []severity{critical, warning} {
			out, err = runTool(t, dir, amtool, "config", "routes", "test", "--config.file=alertmanager.yml",
				"--verify.receivers="+want, "severity="+string(level), "alertname=NodeDown")
			require.NoError(t, err, "%s: %s is not sent to %s: %s", name, level, want, out)
		}
	}
}

func TestScrapeJobs(t *testing.T) {
	text, err := renderPrometheus(complete())
	require.NoError(t, err)
	var config prometheusConfig
	require.NoError(t, yaml.UnmarshalStrict([]byte(text), &config))
	jobs := map[string]scrapeConfig{}
	for _, job := range config.ScrapeConfigs {
		_, twice := jobs[job.JobName]
		require.False(t, twice, job.JobName)
		jobs[job.JobName] = job
	}
	assert.Equal(t, "lab", config.Global.ExternalLabels["cluster"])
	assert.Equal(t, "30s", config.Global.ScrapeInterval)
	assert.Equal(t, "/metrics/cadvisor", jobs[jobCadvisor].MetricsPath)
	assert.True(t, jobs[jobKubeStateMetrics].HonorLabels)
	for _, job := range []string{jobKubelet, jobCadvisor, jobNodeExporter} {
		assert.Equal(t, "node", jobs[job].KubernetesSDConfigs[0].Role, job)
		assert.Equal(t, "node", jobs[job].RelabelConfigs[0].TargetLabel, job)
	}
	for name, job := range jobs {
		if job.Authorization != nil {
			assert.Equal(t, "https", job.Scheme, "%s would send its token in the clear", name)
		}
	}
	for _, relabel := range jobs[jobPods].RelabelConfigs {
		assert.NotContains(t, strings.Join(relabel.SourceLabels, ","), "container_", "a label of the container would have a pod read once for each of its ports")
	}
}

func TestDurationsAreWrittenForPrometheus(t *testing.T) {
	for d, want := range map[time.Duration]string{
		30 * time.Second: "30s", 90 * time.Second: "90s", time.Minute: "1m", 26 * time.Hour: "26h", 48 * time.Hour: "2d",
	} {
		assert.Equal(t, want, promDuration(d))
	}
}

func TestEveryProblemIsReportedAtOnce(t *testing.T) {
	args := &MonitoringArgs{
		Storage:          sampleArgs().Storage,
		RetentionGiB:     33,
		Nodes:            []Node{{Name: "API 1"}, {Name: "watch-two", Purpose: "x", Band: &Band{80, 60}}},
		Queues:           []Queue{{Name: "q.a", BacklogMessages: 1}, {Name: "q.a"}},
		DeadLetterQueues: []string{"q.a", ""},
		Backups:          []Backup{{CronJob: "b"}},
		EtcdBackupMaxAge: time.Minute,
		Receiver:         &Receiver{Kind: "pigeon"},
		GrafanaURL:       "grafana.example.com",
		ScrapeInterval:   time.Hour,
		Images:           Images{Grafana: "grafana/grafana"},
	}
	err := args.withDefaults().Validate()
	require.Error(t, err)
	for _, part := range []string{
		"Namespace is missing", "Cluster is empty", "NodeSelector is empty",
		"RetentionGiB is 33 on a disk of 40 GiB; use 1 to 32",
		`Nodes[0].Name is "API 1"`, "Nodes[0].Purpose is empty", "Nodes[1].Band is 80 to 60 percent",
		`Storage.NodeName is "watch-one", which is not one of Nodes`,
		`Queues[1].Name is "q.a" a second time`, "Queues[1].BacklogMessages is 0",
		`DeadLetterQueues[0] is "q.a", which is named before`, "DeadLetterQueues[1] is empty",
		"Backups[0].Namespace", "Backups[0].MaxAge is 0s", "EtcdBackupMaxAge is 1m0s; use 1h or more",
		`Receiver.Kind is "pigeon"`, "Receiver.URL is missing",
		`GrafanaURL is "grafana.example.com"`, "ScrapeInterval is 1h0m0s",
		`Images.Grafana is "grafana/grafana"`,
	} {
		assert.ErrorContains(t, err, part)
	}
}

func TestOneBadValueIsOneProblem(t *testing.T) {
	for want, spoil := range map[string]func(*MonitoringArgs){
		"Storage.SizeGiB is 4; give 5 or more":         func(a *MonitoringArgs) { a.Storage.SizeGiB = 4 },
		"RetentionGiB is -1":                           func(a *MonitoringArgs) { a.RetentionGiB = -1 },
		"Nodes is empty":                               func(a *MonitoringArgs) { a.Nodes = nil },
		`Nodes[1].Name is "api-one" a second time`:     func(a *MonitoringArgs) { a.Nodes[1].Name = "api-one" },
		"Receiver.Channel is empty":                    func(a *MonitoringArgs) { a.Receiver.Channel = "" },
		`Receiver.Channel is "#alerts"`:                func(a *MonitoringArgs) { a.Receiver.Kind = ReceiverWebhook },
		"JoinTokenLead is -1s":                         func(a *MonitoringArgs) { a.JoinTokenLead = -time.Second },
		"CertificateLead is -1s":                       func(a *MonitoringArgs) { a.CertificateLead = -time.Second },
		`Images.Prometheus is "registry:5000/prom"`:    func(a *MonitoringArgs) { a.Images.Prometheus = "registry:5000/prom" },
		"Tolerations[0] has operator Exists and value": func(a *MonitoringArgs) { a.Placement.Tolerations[0].Operator = "Exists" },
	} {
		args := sampleArgs()
		spoil(args)
		err := args.withDefaults().Validate()
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "\n", "one problem only")
	}
	require.NoError(t, complete().Validate())
}

func TestDefaults(t *testing.T) {
	args := (&MonitoringArgs{Namespace: pulumi.String("x"), Storage: sampleArgs().Storage, Images: Images{Grafana: "mirror/grafana:1"}}).withDefaults()
	assert.Equal(t, 32, args.RetentionGiB)
	assert.Equal(t, "mirror/grafana:1", args.Images.Grafana)
	assert.Equal(t, DefaultImages().Prometheus, args.Images.Prometheus)
	assert.Contains(t, prometheusFlags(args), "--storage.tsdb.retention.size=32GB")
}
