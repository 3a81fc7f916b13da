package rabbitmq

import (
	"fmt"
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
// is 4.3 as in the image; else, where only root could make the image's system, Debian's 3.10.
type realBroker struct {
	*realserver.RabbitMQ
	process   *realserver.Process
	config    Config
	vhost     string
	passwords map[string]string
}

func startReal(t *testing.T, args BrokerArgs) *realBroker {
	t.Helper()
	b := &realBroker{RabbitMQ: realserver.NewRabbitMQ(t), vhost: args.VirtualHost, passwords: map[string]string{}}
	// Version 3.10 always permits transient queues, and does not know the setting.
	b.config = ConfigFor(args.Resources.Limits.MemoryMiB, args.Storage.SizeGiB, b.OfImage() && args.PermitTransientQueues)
	b.config.Address, b.config.DefinitionsPath = "127.0.0.1", b.Path(definitionsFile)
	b.config.Port, b.config.MetricsPort, b.config.ManagementPort = realserver.FreePort(t), realserver.FreePort(t), realserver.FreePort(t)
	for _, u := range args.Users {
		b.passwords[u.Name] = "pass/word of @" + u.Name
	}
	definitions, err := DefinitionsFor(args, b.passwords).Render()
	require.NoError(t, err)
	for name, content := range map[string]string{definitionsFile: definitions, "rabbitmq.conf": b.config.Render(), "enabled_plugins": EnabledPlugins()} {
		realserver.Write(t, b.Path(name), content, 0o600, b.User)
	}
	b.start(t)
	return b
}

func (b *realBroker) start(t *testing.T) {
	t.Helper()
	b.process = b.Start(t, b.config.Port)
	b.process.WaitFor(t, "accepting connections", 5*time.Minute, func() error {
		connection, err := b.dial("operator", b.passwords["operator"])
		if err != nil {
			return err
		}
		return connection.Close()
	})
}

func (b *realBroker) ctl(t *testing.T, args ...string) string {
	t.Helper()
	return strings.TrimSpace(realserver.MustRun(t, b.Command(t, "rabbitmqctl", append([]string{"--quiet"}, args...)...)))
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
