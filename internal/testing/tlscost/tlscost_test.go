// Package tlscost measures the cost of TLS between an application and a store, with the real servers.
package tlscost

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/realserver"
)

// rounds of each measurement; plain and TLS take turns, so that a busy machine slows both.
const rounds = 5

// compare reports operations per second without and with TLS, and their ratio.
func compare(b *testing.B, run func(b *testing.B, encrypted bool) float64) {
	var sums [2]float64
	for range b.N {
		for range rounds {
			sums[0] += run(b, false)
			sums[1] += run(b, true)
		}
	}
	n := float64(b.N * rounds)
	b.ReportMetric(sums[0]/n, "plain/s")
	b.ReportMetric(sums[1]/n, "tls/s")
	b.ReportMetric(sums[0]/sums[1], "plain:tls")
}

// certificate writes server.crt and server.key, of P-256, to a folder.
func certificate(b *testing.B, folder string, user *realserver.User) *x509.CertPool {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(b, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(b, err)
	text, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(b, err)
	pemOf := func(kind string, bytes []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}))
	}
	realserver.Write(b, filepath.Join(folder, "server.crt"), pemOf("CERTIFICATE", der), 0o600, user)
	realserver.Write(b, filepath.Join(folder, "server.key"), pemOf("PRIVATE KEY", text), 0o600, user)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(pemOf("CERTIFICATE", der)))
	return roots
}

// rate runs a benchmarking program and returns the number that the pattern finds in its output.
func rate(b *testing.B, pattern string, command realserver.Command) float64 {
	out := realserver.MustRun(b, command)
	found := regexp.MustCompile(pattern).FindStringSubmatch(out)
	require.Len(b, found, 2, out)
	value, err := strconv.ParseFloat(found[1], 64)
	require.NoError(b, err)
	return value
}

func BenchmarkPostgreSQL(b *testing.B) {
	postgres := realserver.Binary(b, "postgres")
	bin, user, port := filepath.Dir(postgres), realserver.Unprivileged(b), realserver.FreePort(b)
	folder := realserver.Folder(b, user)
	certificate(b, folder, user)
	realserver.Write(b, folder+"/password", "measured password", 0o600, user)
	run := func(name string, mode string, args ...string) realserver.Command {
		return realserver.Command{Path: filepath.Join(bin, name), Args: args, Dir: folder, User: user, Env: []string{
			"PGHOST=127.0.0.1", "PGUSER=postgres", "PGPASSWORD=measured password", "PGPORT=" + strconv.Itoa(port), "PGDATABASE=postgres",
			"PGSSLMODE=" + mode, "PGSSLROOTCERT=" + folder + "/server.crt",
		}}
	}
	realserver.MustRun(b, run("initdb", "", "--pgdata="+folder+"/data", "--username=postgres", "--no-sync", "--auth=scram-sha-256", "--pwfile="+folder+"/password"))
	server := realserver.Start(b, run("postgres", "", "-D", folder+"/data", "-p", strconv.Itoa(port), "-k", folder, "-c", "listen_addresses=127.0.0.1",
		"-c", "ssl=on", "-c", "ssl_cert_file="+folder+"/server.crt", "-c", "ssl_key_file="+folder+"/server.key"))
	server.WaitFor(b, "ready", time.Minute, func() error { _, err := realserver.Run(b, run("psql", "disable", "-c", "SELECT 1")); return err })
	realserver.MustRun(b, run("pgbench", "disable", "--initialize", "--quiet", "--scale=1"))
	modes := map[bool]string{false: "disable", true: "verify-full"}
	b.Run("connect", func(b *testing.B) {
		compare(b, func(b *testing.B, encrypted bool) float64 {
			return rate(b, `tps = ([0-9.]+)`, run("pgbench", modes[encrypted], "--select-only", "--no-vacuum", "--connect", "--transactions=40"))
		})
	})
	b.Run("select", func(b *testing.B) {
		compare(b, func(b *testing.B, encrypted bool) float64 {
			return rate(b, `tps = ([0-9.]+)`, run("pgbench", modes[encrypted], "--select-only", "--no-vacuum", "--client=4", "--transactions=2000"))
		})
	})
}

func BenchmarkRedis(b *testing.B) {
	plain, encryptedPort, folder := realserver.FreePort(b), realserver.FreePort(b), realserver.Folder(b, nil)
	certificate(b, folder, nil)
	server := realserver.Start(b, realserver.Command{Path: realserver.Binary(b, "redis-server"), Dir: folder, Args: []string{
		"--bind", "127.0.0.1", "--port", strconv.Itoa(plain), "--tls-port", strconv.Itoa(encryptedPort), "--save", "", "--tls-auth-clients", "no",
		"--tls-cert-file", "server.crt", "--tls-key-file", "server.key", "--tls-ca-cert-file", "server.crt",
	}})
	server.WaitFor(b, "ready", time.Minute, func() error { return realserver.Listening(encryptedPort) })
	benchmark := realserver.Binary(b, "redis-benchmark")
	of := func(args ...string) func(b *testing.B, encrypted bool) float64 {
		return func(b *testing.B, encrypted bool) float64 {
			all := append([]string{"-h", "127.0.0.1", "-t", "get", "-d", "200", "--csv"}, args...)
			if encrypted {
				all = append(all, "-p", strconv.Itoa(encryptedPort), "--tls", "--cacert", "server.crt")
			} else {
				all = append(all, "-p", strconv.Itoa(plain))
			}
			return rate(b, `"GET","([0-9.]+)"`, realserver.Command{Path: benchmark, Args: all, Dir: folder})
		}
	}
	b.Run("connect", func(b *testing.B) { compare(b, of("-k", "0", "-c", "4", "-n", "500")) })
	b.Run("get", func(b *testing.B) { compare(b, of("-c", "8", "-n", "20000")) })
}

func BenchmarkRabbitMQ(b *testing.B) {
	user := realserver.Unprivileged(b)
	folder, plain, encryptedPort, epmd := realserver.Folder(b, user), realserver.FreePort(b), realserver.FreePort(b), realserver.FreePort(b)
	roots := certificate(b, folder, user)
	realserver.Write(b, folder+"/enabled_plugins", "[].", 0o600, user)
	realserver.Write(b, folder+"/rabbitmq.conf", fmt.Sprintf("listeners.tcp.1 = 127.0.0.1:%d\nlisteners.ssl.1 = 127.0.0.1:%d\n"+
		"ssl_options.certfile = %s/server.crt\nssl_options.keyfile = %[3]s/server.key\nlog.console = true\nlog.file = false\n", plain, encryptedPort, folder), 0o600, user)
	command := func(name string, args ...string) realserver.Command {
		return realserver.Command{Path: realserver.Binary(b, name), Args: args, Dir: folder, User: user, Env: []string{
			"LANG=C.UTF-8", "HOME=" + folder, "RABBITMQ_NODENAME=tlscost@localhost", "RABBITMQ_MNESIA_BASE=" + folder + "/mnesia",
			"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1}", "ERL_EPMD_ADDRESS=127.0.0.1", "ERL_EPMD_PORT=" + strconv.Itoa(epmd),
			"RABBITMQ_DIST_PORT=" + strconv.Itoa(realserver.FreePort(b)), "RABBITMQ_CONFIG_FILE=" + folder + "/rabbitmq.conf",
			"RABBITMQ_ENABLED_PLUGINS_FILE=" + folder + "/enabled_plugins", "RABBITMQ_LOG_BASE=" + folder + "/log", "RABBITMQ_PID_FILE=" + folder + "/pid",
			"RABBITMQ_GENERATED_CONFIG_DIR=" + folder + "/generated", "RABBITMQ_SCHEMA_DIR=" + folder + "/schema",
		}}
	}
	realserver.Start(b, command("epmd", "-port", strconv.Itoa(epmd), "-address", "127.0.0.1"))
	server := realserver.Start(b, command("rabbitmq-server"))
	dial := func(encrypted bool) (*amqp.Connection, error) {
		if encrypted {
			return amqp.DialTLS(fmt.Sprintf("amqps://guest:guest@127.0.0.1:%d/", encryptedPort), &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13})
		}
		return amqp.Dial(fmt.Sprintf("amqp://guest:guest@127.0.0.1:%d/", plain))
	}
	server.WaitFor(b, "ready", 5*time.Minute, func() error {
		connection, err := dial(true)
		if err == nil {
			err = connection.Close()
		}
		return err
	})
	b.Run("connect", func(b *testing.B) {
		compare(b, func(b *testing.B, encrypted bool) float64 {
			const connections = 30
			begin := time.Now()
			for range connections {
				connection, err := dial(encrypted)
				require.NoError(b, err)
				require.NoError(b, connection.Close())
			}
			return connections / time.Since(begin).Seconds()
		})
	})
	b.Run("publish", func(b *testing.B) {
		compare(b, func(b *testing.B, encrypted bool) float64 {
			connection, err := dial(encrypted)
			require.NoError(b, err)
			defer connection.Close()
			channel, err := connection.Channel()
			require.NoError(b, err)
			require.NoError(b, channel.Confirm(false))
			queue, err := channel.QueueDeclare("", false, true, true, false, nil)
			require.NoError(b, err)
			const messages = 1000
			begin, body := time.Now(), make([]byte, 1000)
			for range messages {
				confirmation, err := channel.PublishWithDeferredConfirm("", queue.Name, false, false, amqp.Publishing{Body: body})
				require.NoError(b, err)
				require.True(b, confirmation.Wait())
			}
			return messages / time.Since(begin).Seconds()
		})
	})
}
