package promtest

import (
	"embed"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/internal/testing/realserver"
)

// Target is a scrape target, with the labels that relabeling sets in a cluster.
type Target struct {
	Job, Address, Path string
	Labels             map[string]string
}

// Node is the name of the node of all targets.
const Node = "k8s-api-low-traffic"

// Virtual host of RabbitMQ's queues.
const virtualHost = "app"

// NodeExporter runs node-exporter with the series that the control plane writes.
func NodeExporter(t testing.TB) Target {
	t.Helper()
	path, dir, listen := realserver.Binary(t, "prometheus-node-exporter"), t.TempDir(), local(realserver.FreePort(t))
	text := fmt.Sprintf("%s %d\n%s %d\n%s{certificate=\"apiserver\"} %d\n",
		monitoring.EtcdBackupMetric, time.Now().Add(-time.Hour).Unix(),
		monitoring.JoinReadMetric, time.Now().Unix(),
		monitoring.CertificateExpiryMetric, time.Now().Add(9000*time.Hour).Unix())
	realserver.Write(t, filepath.Join(dir, "kubeadm.prom"), text, 0o644, nil)
	realserver.Start(t, realserver.Command{Path: path, Dir: dir, Args: []string{
		"--web.listen-address=" + listen, "--collector.textfile.directory=" + dir,
	}})
	return Target{Job: monitoring.JobNodeExporter, Address: listen, Labels: map[string]string{"node": Node, "instance": Node}}
}

// Stores runs Redis, PostgreSQL and RabbitMQ with their exporters. RabbitMQ has the given queues.
func Stores(t testing.TB, queues ...string) []Target {
	t.Helper()
	// Skip before anything is started.
	for _, name := range []string{
		"redis-server", "initdb", "prometheus-postgres-exporter",
	} {
		realserver.Binary(t, name)
	}
	return []Target{startRedis(t), startPostgreSQL(t), startRabbitMQ(t, queues)}
}

func startRedis(t testing.TB) Target {
	t.Helper()
	system, exporter := realserver.InSystem(t, realserver.BrokerSystem, "prometheus-redis-exporter")
	port, listen := realserver.Redis(t, "--appendonly", "yes", "--maxmemory", "64mb"), local(realserver.FreePort(t))
	realserver.Start(t, realserver.Command{Path: exporter, System: system, Dir: t.TempDir(), Args: []string{
		"-redis.addr", "redis://" + local(port), "-web.listen-address", listen,
	}})
	return Target{Job: monitoring.JobPods, Address: listen, Labels: map[string]string{"app": "redis", "pod": "redis-0", "node": Node}}
}

func startPostgreSQL(t testing.TB) Target {
	t.Helper()
	const superuser = "postgres"
	port, listen := realserver.PostgreSQL(t, superuser), local(realserver.FreePort(t))
	realserver.Start(t, realserver.Command{
		Path: realserver.Binary(t, "prometheus-postgres-exporter"), Dir: t.TempDir(), Args: []string{"--web.listen-address=" + listen},
		Env: []string{fmt.Sprintf("DATA_SOURCE_NAME=postgresql://%s@%s/postgres?sslmode=disable", superuser, local(port))},
	})
	return Target{Job: monitoring.JobPods, Address: listen, Labels: map[string]string{"app": "postgresql", "pod": "postgresql-0"}}
}

func startRabbitMQ(t testing.TB, queues []string) Target {
	t.Helper()
	b, port, metrics := realserver.NewRabbitMQ(t), realserver.FreePort(t), realserver.FreePort(t)
	definitions := make([]string, 0, len(queues))
	for _, queue := range queues {
		definitions = append(definitions, fmt.Sprintf(
			`{"name": %q, "vhost": %q, "durable": true, "auto_delete": false, "arguments": {"x-queue-type": "quorum"}}`, queue, virtualHost))
	}
	for name, text := range map[string]string{
		"enabled_plugins": "[rabbitmq_prometheus].",
		"rabbitmq.conf": fmt.Sprintf(`listeners.tcp.1 = %s
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = %d
distribution.listener.interface = 127.0.0.1
definitions.import_backend = local_filesystem
definitions.local.path = %s
`, local(port), metrics, b.Path("definitions.json")),
		"definitions.json": fmt.Sprintf(`{"vhosts": [{"name": %q}], "users": [], "permissions": [], "queues": [%s]}`,
			virtualHost, strings.Join(definitions, ",\n")),
	} {
		realserver.Write(t, b.Path(name), text, 0o600, b.User)
	}
	b.Start(t, port)
	return Target{
		Job: monitoring.JobPods, Address: local(metrics), Path: "/metrics/per-object",
		Labels: map[string]string{"app": "rabbitmq", "pod": "rabbitmq-0"},
	}
}

//go:embed samples
var samples embed.FS

// Samples serves sample metrics of the programs that cannot run in a test: kube-state-metrics, kube-apiserver, kubelet,
// cAdvisor, an API and celery-exporter; and of Prometheus, which knows its own address too late.
func Samples(t testing.TB) []Target {
	t.Helper()
	web := httptest.NewServer(http.FileServerFS(samples))
	t.Cleanup(web.Close)
	sample := func(job, file string, labels map[string]string) Target {
		_, err := samples.ReadFile("samples/" + file + ".prom")
		require.NoError(t, err)
		return Target{Job: job, Address: strings.TrimPrefix(web.URL, "http://"), Path: "/samples/" + file + ".prom", Labels: labels}
	}
	node := map[string]string{"node": Node, "instance": Node}
	return []Target{
		sample(monitoring.JobKubeStateMetrics, "kube-state-metrics", nil),
		sample(monitoring.JobAPIServer, "kube-apiserver", nil),
		sample(monitoring.JobPrometheus, "prometheus", nil),
		sample(monitoring.JobKubelet, "kubelet", node),
		sample(monitoring.JobCadvisor, "cadvisor", node),
		sample(monitoring.JobPods, "fastapi", map[string]string{"app": "web", "pod": "web-1", "node": Node}),
		sample(monitoring.JobPods, "celery", map[string]string{"app": "celery-exporter", "pod": "celery-exporter-1"}),
	}
}
