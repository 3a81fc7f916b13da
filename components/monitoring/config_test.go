package monitoring

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/growbin/cluster/internal/testing/realserver"
)

// run runs a tool in a directory with the given files.
func run(t *testing.T, files map[string]string, tool string, args ...string) (string, error) {
	t.Helper()
	path, dir := realserver.Binary(t, tool), t.TempDir()
	for name, text := range files {
		realserver.Write(t, filepath.Join(dir, name), text, 0o644, nil)
	}
	return realserver.Run(t, realserver.Command{Path: path, Args: args, Dir: dir})
}

// The check skips files of the service account, which this host does not have. Debian builds Prometheus without Kubernetes
// discovery: with it, static targets replace discovery; with upstream's promtool, the configuration is checked as it is.
func TestPrometheusConfig_Promtool(t *testing.T) {
	text, err := renderPrometheus(complete())
	require.NoError(t, err)
	check := func(text string) (string, error) {
		return run(t, map[string]string{configFile: text}, "promtool", "check", "config", "--syntax-only", configFile)
	}
	out, err := check(text)
	if err != nil && strings.Contains(out, "field kubernetes_sd_configs not found") {
		t.Log("this promtool is built without Kubernetes discovery: static targets replace it")
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

func TestAlertmanagerConfig_Amtool(t *testing.T) {
	for name, receiver := range map[string]*Receiver{
		"none":    nil,
		"slack":   {Kind: ReceiverSlack, Channel: "#alerts"},
		"webhook": {Kind: ReceiverWebhook},
		"discord": {Kind: ReceiverDiscord},
	} {
		text, err := renderAlertmanager(receiver, "https://hooks.example.com/secret-part", "")
		require.NoError(t, err)
		files := map[string]string{"alertmanager.yml": text}
		out, err := run(t, files, "amtool", "check-config", "alertmanager.yml")
		require.NoError(t, err, "%s: %s", name, out)

		want := receiverTeam
		if receiver == nil {
			want = receiverNone
		}
		for _, level := range []Severity{Critical, Warning} {
			out, err = run(t, files, "amtool", "config", "routes", "test", "--config.file=alertmanager.yml",
				"--verify.receivers="+want, "severity="+string(level), "alertname=NodeDown")
			require.NoError(t, err, "%s: %s is not sent to %s: %s", name, level, want, out)
		}
	}
}

// At quiet times the team is told nothing, and the watcher outside still everything.
func TestAlertmanagerConfig_QuietTimes(t *testing.T) {
	quiet := []Quiet{{Start: "20:00", End: "24:00", Timezone: "Asia/Seoul"}, {Weekdays: []string{"saturday", "sunday"}, Timezone: "Asia/Seoul"}}
	text, err := renderAlertmanager(&Receiver{Kind: ReceiverWebhook, Quiet: quiet}, "https://hooks.example.com/secret-part", "https://beats.example.com/secret-part")
	require.NoError(t, err)
	out, err := run(t, map[string]string{"alertmanager.yml": text}, "amtool", "check-config", "alertmanager.yml")
	require.NoError(t, err, out)
	var config alertmanagerConfig
	require.NoError(t, yaml.UnmarshalStrict([]byte(text), &config))
	for _, route := range config.Route.Routes {
		want := []string{quietInterval}
		if route.Receiver == receiverHeartbeat {
			want = nil
		}
		assert.Equal(t, want, route.Mute, route.Receiver)
	}
	assert.Empty(t, config.Route.Mute, "Alertmanager refuses it at the root")
	for _, level := range []Severity{Critical, Warning} {
		out, err = run(t, map[string]string{"alertmanager.yml": text}, "amtool", "config", "routes", "test", "--config.file=alertmanager.yml",
			"--verify.receivers="+receiverTeam, "severity="+string(level), "alertname=NodeDown")
		require.NoError(t, err, "%s: %s", level, out)
	}
}

// The team is not told twice a day that all is well.
func TestAlertmanagerConfig_WatchdogGoesToTheHeartbeatOnly(t *testing.T) {
	for heartbeat, want := range map[string]string{"": receiverNone, "https://beats.example.com/secret-part": receiverHeartbeat} {
		for name, receiver := range map[string]*Receiver{"none": nil, "webhook": {Kind: ReceiverWebhook}} {
			text, err := renderAlertmanager(receiver, "https://hooks.example.com/secret-part", heartbeat)
			require.NoError(t, err)
			files := map[string]string{"alertmanager.yml": text}
			out, err := run(t, files, "amtool", "check-config", "alertmanager.yml")
			require.NoError(t, err, "%s: %s", name, out)
			out, err = run(t, files, "amtool", "config", "routes", "test", "--config.file=alertmanager.yml", "--verify.receivers="+want, "severity=none", "alertname="+Watchdog)
			require.NoError(t, err, "%s: %s", name, out)
		}
	}
}

// An open alert is repeated twice a day, a critical one every two hours.
func TestAlertmanagerConfig_Repeats(t *testing.T) {
	text, err := renderAlertmanager(&Receiver{Kind: ReceiverWebhook}, "https://hooks.example.com/secret-part", "")
	require.NoError(t, err)
	var config alertmanagerConfig
	require.NoError(t, yaml.UnmarshalStrict([]byte(text), &config))
	assert.Equal(t, "12h", config.Route.RepeatInterval)
	critical := config.Route.Routes[len(config.Route.Routes)-1]
	assert.Equal(t, []string{`severity="critical"`}, critical.Matchers)
	assert.Equal(t, "2h", critical.RepeatInterval)
}

func TestAlertmanagerConfig_HeartbeatEachMinute(t *testing.T) {
	text, err := renderAlertmanager(nil, "", "https://beats.example.com/secret-part")
	require.NoError(t, err)
	var config alertmanagerConfig
	require.NoError(t, yaml.UnmarshalStrict([]byte(text), &config))
	route := config.Route.Routes[0]
	assert.Equal(t, []string{"1m", "1m"}, []string{route.GroupInterval, route.RepeatInterval})
	assert.Equal(t, []webhookConfig{{URL: "https://beats.example.com/secret-part"}}, config.Receivers[1].WebhookConfigs)
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
	assert.Equal(t, "/metrics/cadvisor", jobs[JobCadvisor].MetricsPath)
	assert.True(t, jobs[JobKubeStateMetrics].HonorLabels)
	for _, job := range []string{JobKubelet, JobCadvisor, JobNodeExporter} {
		assert.Equal(t, "node", jobs[job].KubernetesSDConfigs[0].Role, job)
		assert.Equal(t, "node", jobs[job].RelabelConfigs[0].TargetLabel, job)
	}
	assert.Equal(t, []relabelConfig{{ // the namespace has other Services
		SourceLabels: []string{"__meta_kubernetes_service_name", "__meta_kubernetes_endpointslice_port_name"}, Regex: "kubernetes;https", Action: "keep",
	}}, jobs[JobAPIServer].RelabelConfigs)
	for name, job := range jobs {
		if job.Authorization != nil {
			assert.Equal(t, "https", job.Scheme, "%s would send its token in the clear", name)
		}
	}
	for _, relabel := range jobs[JobPods].RelabelConfigs {
		assert.NotContains(t, strings.Join(relabel.SourceLabels, ","), "container_", "a label of the container would have a pod read once for each of its ports")
	}
}

func TestPromDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		30 * time.Second: "30s", 90 * time.Second: "90s", time.Minute: "1m", 26 * time.Hour: "26h", 48 * time.Hour: "2d",
	} {
		assert.Equal(t, want, promDuration(d))
	}
}

func TestValidate_AllProblemsAtOnce(t *testing.T) {
	dashboard := func(fields string) string { return `{"title": "T", "panels": [{}], ` + fields + `}` }
	args := &MonitoringArgs{
		Storage:      SampleArgs().Storage,
		RetentionGiB: 33,
		Nodes:        []Node{{Name: "API 1"}, {Name: "watch-two", Purpose: "x"}},
		Rules: []RuleGroup{
			{Name: "pods", Rules: []Rule{{Record: "a", Alert: "B", Expr: "c"}}},
			{Rules: []Rule{{Alert: "B", Labels: map[string]string{"severity": "page"}}}},
		},
		Dashboards: map[string]string{
			"cluster.json": dashboard(`"uid": "a"`), "dir/b.json": dashboard(`"uid": "b"`), "c.json": "{", "d.json": `{"spec": {}}`,
			"e.json": dashboard(`"uid": "e", "__inputs": [{}]`), "f.json": "{}", "g.json": dashboard(`"uid": "e"`),
		},
		RunbookURL:       "https://example.com/runbook#top",
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
		"Namespace: not set", "NodeNamespace: not set", "Cluster: not set", "Placement.NodeSelector: not set",
		"RetentionGiB: 33 must be 1 to 32 on a disk of 40 GiB",
		`Nodes[0].Name: "API 1" must`, "Nodes[0].Purpose: not set",
		`Storage.NodeName: "watch-one" must be one of Nodes`,
		`Rules[0].Name: "pods" must differ`, `Rules[0].Rules[0].Record: "a" must`, `Alert is "B"`,
		"Rules[1].Name: not set", "Rules[1].Rules[0].Expr: not set", `Rules[1].Rules[0].Labels[severity]: "page" must be critical or warning`,
		"Rules[1].Rules[0].Annotations[summary]: not set",
		`Dashboards: "cluster.json" must be another`, `Dashboards: "dir/b.json" must be a file name`, `Dashboards[c.json]: "{" must be`,
		`Dashboards[d.json]: "d.json" must be exported in the classic format`, `Dashboards[e.json]: "e.json" must be exported without`,
		"Dashboards[f.json].uid: not set", "Dashboards[f.json].title: not set", "Dashboards[f.json].panels: not set",
		`Dashboards[g.json].uid: "e" must differ from that of e.json`,
		`RunbookURL: "https://example.com/runbook#top" must have no fragment`,
		"Backups[0].Namespace", "Backups[0].MaxAge: 0s must", "EtcdBackupMaxAge: 1m0s must be 1h or more",
		`Receiver.Kind: "pigeon" must`, "Receiver.URL: not set",
		`GrafanaURL: "grafana.example.com" must`, "ScrapeInterval: 1h0m0s must",
		`Images.Grafana: "grafana/grafana" must`,
	} {
		assert.ErrorContains(t, err, part)
	}
}

func TestValidate_OneProblem(t *testing.T) {
	for want, change := range map[string]func(*MonitoringArgs){
		"Storage.SizeGiB: 4 must be at least 5":        func(a *MonitoringArgs) { a.Storage.SizeGiB = 4 },
		"RetentionDays: -1 must":                       func(a *MonitoringArgs) { a.RetentionDays = -1 },
		"RetentionDays: 3651 must be 1 to 3650":        func(a *MonitoringArgs) { a.RetentionDays = 3651 },
		"RetentionDays: 200 must be 132 or less":       func(a *MonitoringArgs) { a.RetentionDays = 200 },
		"RetentionGiB: -1 must":                        func(a *MonitoringArgs) { a.RetentionGiB = -1 },
		"Nodes: not set":                               func(a *MonitoringArgs) { a.Nodes = nil },
		`Nodes[1].Name: "api-one" must be unique`:      func(a *MonitoringArgs) { a.Nodes[1].Name = "api-one" },
		"Receiver.Channel: not set":                    func(a *MonitoringArgs) { a.Receiver.Channel = "" },
		`Receiver.Channel: "#alerts" must be empty`:    func(a *MonitoringArgs) { a.Receiver.Kind = ReceiverWebhook },
		"JoinReadMaxAge: -1s must":                     func(a *MonitoringArgs) { a.JoinReadMaxAge = -time.Second },
		"CertificateLead: -1s must":                    func(a *MonitoringArgs) { a.CertificateLead = -time.Second },
		`Images.Prometheus: "registry:5000/prom"`:      func(a *MonitoringArgs) { a.Images.Prometheus = "registry:5000/prom" },
		`Placement.Tolerations[0].Value: "watch" must`: func(a *MonitoringArgs) { a.Placement.Tolerations[0].Operator = "Exists" },
	} {
		args := SampleArgs()
		change(args)
		err := args.withDefaults().Validate()
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "\n", "one problem only")
	}
	require.NoError(t, complete().Validate())
}

func TestDefaults(t *testing.T) {
	args := (&MonitoringArgs{Namespace: pulumi.String("x"), Storage: SampleArgs().Storage, Images: Images{Grafana: "mirror/grafana:1"}}).withDefaults()
	assert.Equal(t, 32, args.RetentionGiB)
	assert.Equal(t, 30, args.RetentionDays)
	assert.Equal(t, "mirror/grafana:1", args.Images.Grafana)
	assert.Equal(t, DefaultImages().Prometheus, args.Images.Prometheus)
	assert.Contains(t, prometheusFlags(args), "--storage.tsdb.retention.size=32GB")
}
