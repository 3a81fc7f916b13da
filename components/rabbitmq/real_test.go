package rabbitmq

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/credentials"
	"github.com/growbin/cluster/internal/testing/realserver"
)

// realBroker is a RabbitMQ that imports the rendered definitions, unchanged like rabbitmq.conf except for ports and directories. It
// is that of the system realserver.BrokerSystem, 4.3 as in the image; else, where only root could make that system, Debian's 3.10.
type realBroker struct {
	// system has the binaries; empty for this machine.
	system    string
	user      *realserver.User
	process   *realserver.Process
	folder    string
	config    Config
	epmd      int
	vhost     string
	passwords map[string]string
}

func startReal(t *testing.T, args BrokerArgs) *realBroker {
	t.Helper()
	system, _ := realserver.InSystem(t, realserver.BrokerSystem, "rabbitmq-server")
	user := realserver.Unprivileged(t)
	b := &realBroker{
		system: system, user: user, folder: realserver.Folder(t, user), epmd: realserver.FreePort(t), vhost: args.VirtualHost, passwords: map[string]string{},
		config: ConfigFor(args.Resources.Limits.MemoryMiB, args.Storage.SizeGiB, system != "" && args.PermitTransientQueues),
	}
	b.config.Address, b.config.DefinitionsPath = "127.0.0.1", b.path(definitionsFile)
	b.config.Port, b.config.MetricsPort, b.config.ManagementPort = realserver.FreePort(t), realserver.FreePort(t), realserver.FreePort(t)
	for _, u := range args.Users {
		b.passwords[u.Name] = "pass/word of @" + u.Name
	}
	definitions, err := DefinitionsFor(args, b.passwords).Render()
	require.NoError(t, err)
	for name, content := range map[string]string{
		definitionsFile: definitions, "rabbitmq.conf": b.config.Render(), "enabled_plugins": EnabledPlugins(), "rabbitmq-env.conf": "",
	} {
		realserver.Write(t, b.path(name), content, 0o600, user)
	}
	// Otherwise Erlang would start a daemon that outlives the test.
	realserver.Start(t, b.command(t, "epmd", "-port", strconv.Itoa(b.epmd), "-address", "127.0.0.1"))
	b.start(t)
	return b
}

func (b *realBroker) start(t *testing.T) {
	t.Helper()
	b.process = realserver.Start(t, b.command(t, "rabbitmq-server"))
	b.process.WaitFor(t, "accepting connections", 5*time.Minute, func() error {
		connection, err := b.dial("operator", b.passwords["operator"])
		if err != nil {
			return err
		}
		return connection.Close()
	})
}

func (b *realBroker) path(name string) string { return filepath.Join(b.folder, name) }

// command runs a binary of the broker, or a script in the broker's folder.
func (b *realBroker) command(t *testing.T, name string, args ...string) realserver.Command {
	path := name
	if !filepath.IsAbs(path) {
		_, path = realserver.InSystem(t, realserver.BrokerSystem, name)
	}
	return realserver.Command{Path: path, Args: args, Dir: b.folder, User: b.user, System: b.system, Env: []string{
		"LANG=C.UTF-8", "HOME=" + b.folder, "RABBITMQ_NODENAME=" + nodeName, "RABBITMQ_MNESIA_BASE=" + b.path("mnesia"),
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=" + loopback, "ERL_EPMD_ADDRESS=127.0.0.1", "ERL_EPMD_PORT=" + strconv.Itoa(b.epmd),
		"RABBITMQ_DIST_PORT=" + strconv.Itoa(realserver.FreePort(t)),
		// Defaults or mounts in the image.
		"RABBITMQ_CONF_ENV_FILE=" + b.path("rabbitmq-env.conf"), "RABBITMQ_CONFIG_FILE=" + b.path("rabbitmq.conf"),
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + b.path("enabled_plugins"), "RABBITMQ_LOG_BASE=" + b.path("log"),
		"RABBITMQ_GENERATED_CONFIG_DIR=" + b.path("generated"), "RABBITMQ_SCHEMA_DIR=" + b.path("schema"), "RABBITMQ_PID_FILE=" + b.path("pid"),
	}}
}

func (b *realBroker) ctl(t *testing.T, args ...string) string {
	t.Helper()
	return strings.TrimSpace(realserver.MustRun(t, b.command(t, "rabbitmqctl", append([]string{"--quiet"}, args...)...)))
}

// dial connects with the URL of a client.
func (b *realBroker) dial(user, password string) (*amqp.Connection, error) {
	url := credentials.Format("amqp", user, password, "127.0.0.1", b.config.Port, b.vhost)
	return amqp.DialConfig(url, amqp.Config{Heartbeat: 10 * time.Second, Dial: amqp.DefaultDial(5 * time.Second)})
}

// as runs an operation as a user on a new channel, since a refused operation closes its channel.
func (b *realBroker) as(t *testing.T, user string, operation func(*amqp.Channel) error) error {
	t.Helper()
	connection, err := b.dial(user, b.passwords[user])
	require.NoError(t, err)
	defer connection.Close()
	channel, err := connection.Channel()
	require.NoError(t, err)
	return operation(channel)
}

func acknowledge(d amqp.Delivery) error { return d.Ack(false) }
func reject(d amqp.Delivery) error      { return d.Reject(false) }
func giveBack(d amqp.Delivery) error    { return d.Reject(true) }

func TestBroker_RealRabbitMQ(t *testing.T) {
	args := validArgs().withDefaults()
	b := startReal(t, args)

	t.Run("imports the definitions", func(t *testing.T) {
		rows := strings.Split(b.ctl(t, "--vhost", args.VirtualHost, "list_queues", "--no-table-headers", "name", "type", "durable", "policy"), "\n")
		assert.Len(t, rows, 5+delayBits)
		assert.Subset(t, rows, []string{
			"work.in\tquorum\ttrue\twork.in", "work.out\tquorum\ttrue\twork.out", "work.a\tquorum\ttrue\twork.a",
			"work.b\tquorum\ttrue\twork.b", "work.dead\tquorum\ttrue\twork.dead", "celery_delayed_27\tquorum\ttrue\t",
		})
		users := b.ctl(t, "list_users", "--no-table-headers")
		for _, u := range args.Users {
			assert.Contains(t, users, u.Name+"\t")
		}
		assert.NotContains(t, users, "guest")
		assert.Equal(t, args.VirtualHost, b.ctl(t, "list_vhosts", "--no-table-headers", "name"), "and no default virtual host")
	})
	t.Run("dead letters are kept", func(t *testing.T) { testDeadLetters(t, b) })
	t.Run("users have least privileges", func(t *testing.T) { testPermissions(t, b) })
	t.Run("Celery can declare its objects", func(t *testing.T) { testCelery(t, b) })
	t.Run("Celery's users stay in their queues", func(t *testing.T) { testCeleryAttacks(t, b) })
	t.Run("an observer has its rights", func(t *testing.T) { testObserver(t, b) })
	t.Run("users that left are deleted", func(t *testing.T) { testRemovedUsers(t, b) })
	t.Run("metrics name the queues", func(t *testing.T) { testMetrics(t, b) })
	t.Run("memory and disk limits are as computed", func(t *testing.T) {
		limits := b.ctl(t, "eval", `{ok, Wal} = application:get_env(ra, wal_max_size_bytes),
			{vm_memory_monitor:get_memory_limit(), rabbit_disk_monitor:get_disk_free_limit(), Wal}.`)
		assert.Equal(t, fmt.Sprintf("{%d,%d,%d}", 614<<20, 2048<<20, 64<<20), limits)
	})
	t.Run("messages survive a crash", func(t *testing.T) {
		require.NoError(t, b.as(t, "api", publish("work.in", "work.in", "kept")))
		b.process.Kill()
		require.Error(t, realserver.Listening(b.config.Port))
		b.start(t)
		var delivery amqp.Delivery
		require.NoError(t, b.as(t, "worker-in", take("work.in", &delivery, acknowledge)))
		assert.Equal(t, "kept", string(delivery.Body))
	})
}

func testMetrics(t *testing.T, b *realBroker) {
	body := b.process.WaitForMetrics(t, b.config.MetricsPort, "rabbitmq_queue_messages_ready{")
	assert.Regexp(t, `rabbitmq_queue_messages_ready\{[^}]*queue="work.dead"[^}]*\} 0`, body)
}
