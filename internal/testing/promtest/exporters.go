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
		"redis-server", "prometheus-redis-exporter", "initdb", "prometheus-postgres-exporter", "rabbitmq-server", "epmd",
	} {
		realserver.Binary(t, name)
	}
	return []Target{startRedis(t), startPostgreSQL(t), startRabbitMQ(t, queues)}
}

func startRedis(t testing.TB) Target {
	t.Helper()
	dir, port, listen := t.TempDir(), realserver.FreePort(t), local(realserver.FreePort(t))
	realserver.Start(t, realserver.Command{Path: realserver.Binary(t, "redis-server"), Dir: dir, Args: []string{
		"--bind", "127.0.0.1", "--port", fmt.Sprint(port), "--save", "", "--appendonly", "yes", "--maxmemory", "64mb",
	}})
	realserver.Start(t, realserver.Command{Path: realserver.Binary(t, "prometheus-redis-exporter"), Dir: dir, Args: []string{
		"-redis.addr", "redis://" + local(port), "-web.listen-address", listen,
	}})
	return Target{Job: monitoring.JobPods, Address: listen, Labels: map[string]string{"app": "redis", "pod": "redis-0", "node": Node}}
}

func startPostgreSQL(t testing.TB) Target {
	t.Helper()
	const superuser = "postgres"
	owner := realserver.Unprivileged(t) // PostgreSQL refuses to run as root
	dir, port, listen := realserver.Folder(t, owner), realserver.FreePort(t), local(realserver.FreePort(t))
	data := filepath.Join(dir, "data")
	realserver.MustRun(t, realserver.Command{Path: realserver.Binary(t, "initdb"), Dir: dir, User: owner, Args: []string{
		"--pgdata", data, "--auth", "trust", "--username", superuser, "--no-sync",
	}})
	realserver.Start(t, realserver.Command{Path: realserver.Binary(t, "postgres"), Dir: dir, User: owner, Args: []string{
		"-D", data, "-p", fmt.Sprint(port), "-k", dir, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off",
	}})
	realserver.Start(t, realserver.Command{
		Path: realserver.Binary(t, "prometheus-postgres-exporter"), Dir: t.TempDir(), Args: []string{"--web.listen-address=" + listen},
		Env: []string{fmt.Sprintf("DATA_SOURCE_NAME=postgresql://%s@%s/postgres?sslmode=disable", superuser, local(port))},
	})
	return Target{Job: monitoring.JobPods, Address: listen, Labels: map[string]string{"app": "postgresql", "pod": "postgresql-0"}}
}

func startRabbitMQ(t testing.TB, queues []string) Target {
	t.Helper()
	dir, metrics, epmd := t.TempDir(), realserver.FreePort(t), realserver.FreePort(t)
	definitions := make([]string, 0, len(queues))
	for _, queue := range queues {
		definitions = append(definitions, fmt.Sprintf(
			`{"name": %q, "vhost": %q, "durable": true, "auto_delete": false, "arguments": {"x-queue-type": "quorum"}}`, queue, virtualHost))
	}
	for name, text := range map[string]string{
		"plugins": "[rabbitmq_prometheus].",
		"rabbitmq.conf": fmt.Sprintf(`listeners.tcp.1 = %s
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = %d
distribution.listener.interface = 127.0.0.1
definitions.import_backend = local_filesystem
definitions.local.path = %s
`, local(realserver.FreePort(t)), metrics, filepath.Join(dir, "definitions.json")),
		"definitions.json": fmt.Sprintf(`{"vhosts": [{"name": %q}], "users": [], "permissions": [], "queues": [%s]}`,
			virtualHost, strings.Join(definitions, ",\n")),
	} {
		realserver.Write(t, filepath.Join(dir, name), text, 0o644, nil)
	}
	// Otherwise RabbitMQ would start epmd as a daemon and leave it running.
	realserver.Start(t, realserver.Command{Path: realserver.Binary(t, "epmd"), Dir: dir, Args: []string{"-address", "127.0.0.1", "-port", fmt.Sprint(epmd)}})
	realserver.Start(t, realserver.Command{Path: realserver.Binary(t, "rabbitmq-server"), Dir: dir, Env: []string{
		"LANG=C.UTF-8", "HOME=" + dir, // for the Erlang cookie
		"RABBITMQ_NODENAME=promtest@localhost",
		"ERL_EPMD_ADDRESS=127.0.0.1", fmt.Sprintf("ERL_EPMD_PORT=%d", epmd), fmt.Sprintf("RABBITMQ_DIST_PORT=%d", realserver.FreePort(t)),
		"RABBITMQ_MNESIA_BASE=" + filepath.Join(dir, "mnesia"), "RABBITMQ_LOG_BASE=" + filepath.Join(dir, "log"),
		"RABBITMQ_CONFIG_FILE=" + filepath.Join(dir, "rabbitmq"), "RABBITMQ_ENABLED_PLUGINS_FILE=" + filepath.Join(dir, "plugins"),
	}})
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
