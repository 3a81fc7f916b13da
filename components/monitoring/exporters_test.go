package monitoring

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// target is something a Prometheus of the test reads, with the labels that relabelling would give it.
type target struct {
	job, address, path string
	labels             map[string]string
}

// startExporters starts the real programs that there are, and a server of samples for the others.
func startExporters(t *testing.T) []target {
	t.Helper()
	// Looked up before anything is started.
	nodeExporter := tool(t, "prometheus-node-exporter")
	redis, redisExporter := tool(t, "redis-server"), tool(t, "prometheus-redis-exporter")
	postgresExporter := tool(t, "prometheus-postgres-exporter")
	initdb := tool(t, "initdb", "/usr/lib/postgresql/*/bin")
	rabbitmq := tool(t, "rabbitmq-server", "/usr/lib/rabbitmq/bin")
	if wrapped := "/usr/lib/rabbitmq/bin/rabbitmq-server"; exists(wrapped) {
		rabbitmq = wrapped // Debian's /usr/sbin/rabbitmq-server changes user and folder
	}
	epmd := tool(t, "epmd")

	return append([]target{
		startNodeExporter(t, nodeExporter),
		startRedis(t, redis, redisExporter),
		startPostgreSQL(t, initdb, postgresExporter),
		startRabbitMQ(t, rabbitmq, epmd),
	}, serveSamples(t)...)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func startNodeExporter(t *testing.T, path string) target {
	t.Helper()
	dir, listen := folder(t, ""), local(port(t))
	// What the control plane's timers write.
	text := fmt.Sprintf("%s %d\n%s %d\n%s{certificate=\"apiserver\"} %d\n",
		EtcdBackupMetric, time.Now().Add(-time.Hour).Unix(), JoinTokenExpiryMetric, time.Now().Add(20*time.Hour).Unix(), CertificateExpiryMetric, time.Now().Add(9000*time.Hour).Unix())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "kubeadm.prom"), []byte(text), 0o644))
	server{path: path, args: []string{"--web.listen-address=" + listen, "--collector.textfile.directory=" + dir}}.start(t, dir)
	return target{job: jobNodeExporter, address: listen, labels: map[string]string{"node": "api-one", "instance": "api-one"}}
}

func startRedis(t *testing.T, path, exporter string) target {
	t.Helper()
	dir, redisPort, listen := folder(t, ""), port(t), local(port(t))
	server{path: path, args: []string{"--bind", "127.0.0.1", "--port", fmt.Sprint(redisPort), "--save", "", "--appendonly", "yes", "--maxmemory", "64mb"}}.start(t, dir)
	server{path: exporter, args: []string{"-redis.addr", "redis://" + local(redisPort), "-web.listen-address", listen}}.start(t, dir)
	return target{job: jobPods, address: listen, labels: map[string]string{"app": "redis", "pod": "redis-0", "node": "api-one"}}
}

func startPostgreSQL(t *testing.T, initdb, exporter string) target {
	t.Helper()
	const owner = "postgres" // it refuses to be root
	dir, dbPort, listen := folder(t, owner), port(t), local(port(t))
	data := filepath.Join(dir, "data")
	command := exec.Command(initdb, "--pgdata", data, "--auth", "trust", "--username", owner, "--no-sync")
	command.Dir, command.SysProcAttr = dir, attributes(t, owner)
	out, err := command.CombinedOutput()
	require.NoError(t, err, string(out))
	// SIGINT: do not wait for clients.
	server{
		path: filepath.Join(filepath.Dir(initdb), "postgres"), as: owner, stop: syscall.SIGINT,
		args: []string{"-D", data, "-p", fmt.Sprint(dbPort), "-k", dir, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"},
	}.start(t, dir)
	server{
		path: exporter, args: []string{"--web.listen-address=" + listen},
		env: []string{fmt.Sprintf("DATA_SOURCE_NAME=postgresql://%s@%s/postgres?sslmode=disable", owner, local(dbPort))},
	}.start(t, folder(t, ""))
	return target{job: jobPods, address: listen, labels: map[string]string{"app": "postgresql", "pod": "postgresql-0"}}
}

func startRabbitMQ(t *testing.T, path, epmd string) target {
	t.Helper()
	dir, metricsPort, epmdPort := folder(t, ""), port(t), port(t)
	files := map[string]string{
		"plugins": "[rabbitmq_prometheus].",
		"rabbitmq.conf": fmt.Sprintf(`listeners.tcp.1 = %s
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = %d
distribution.listener.interface = 127.0.0.1
definitions.import_backend = local_filesystem
definitions.local.path = %s
`, local(port(t)), metricsPort, filepath.Join(dir, "definitions.json")),
		"definitions.json": `{"vhosts": [{"name": "app"}], "users": [], "permissions": [], "queues": [
{"name": "q.work", "vhost": "app", "durable": true, "auto_delete": false, "arguments": {"x-queue-type": "quorum"}},
{"name": "q.dead", "vhost": "app", "durable": true, "auto_delete": false, "arguments": {"x-queue-type": "quorum"}}]}`,
	}
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	// RabbitMQ would start this one as a daemon and leave it behind.
	server{path: epmd, args: []string{"-address", "127.0.0.1", "-port", fmt.Sprint(epmdPort)}}.start(t, dir)
	server{path: path, wait: 15 * time.Second, env: []string{
		"HOME=" + dir, // for its cookie
		"RABBITMQ_NODENAME=monitoring@localhost",
		"ERL_EPMD_ADDRESS=127.0.0.1", fmt.Sprintf("ERL_EPMD_PORT=%d", epmdPort), fmt.Sprintf("RABBITMQ_DIST_PORT=%d", port(t)),
		"RABBITMQ_MNESIA_BASE=" + filepath.Join(dir, "mnesia"), "RABBITMQ_LOG_BASE=" + filepath.Join(dir, "log"),
		"RABBITMQ_CONFIG_FILE=" + filepath.Join(dir, "rabbitmq"), "RABBITMQ_ENABLED_PLUGINS_FILE=" + filepath.Join(dir, "plugins"),
	}}.start(t, dir)
	return target{job: jobPods, address: local(metricsPort), path: "/metrics/per-object", labels: map[string]string{"app": "rabbitmq", "pod": "rabbitmq-0"}}
}

// serveSamples stands in for what cannot be run here.
func serveSamples(t *testing.T) []target {
	t.Helper()
	web := httptest.NewServer(http.StripPrefix("/samples/", http.FileServer(http.Dir("testdata/samples"))))
	t.Cleanup(web.Close)
	address := strings.TrimPrefix(web.URL, "http://")
	sample := func(job, file string, labels map[string]string) target {
		return target{job: job, address: address, path: "/samples/" + file + ".prom", labels: labels}
	}
	node := map[string]string{"node": "api-one", "instance": "api-one"}
	return []target{
		sample(jobKubeStateMetrics, "kube-state-metrics", nil),
		sample(jobAPIServer, "kube-apiserver", nil),
		sample(jobKubelet, "kubelet", node),
		sample(jobCadvisor, "cadvisor", node),
		sample(jobPods, "fastapi", map[string]string{"app": "web", "pod": "web-1", "node": "api-one"}),
		sample(jobPods, "celery", map[string]string{"app": "celery-exporter", "pod": "celery-exporter-1"}),
	}
}
