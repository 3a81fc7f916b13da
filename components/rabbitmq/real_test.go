package rabbitmq

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/credentials"
	"github.com/growbin/cluster/internal/realserver"
)

// realBroker is a RabbitMQ that imports the rendered definitions. Debian's is 3.10, the image's 4.3. The
// definitions and rabbitmq.conf are taken as they are, with ports and folders of the test. What 3.10 has
// otherwise: it keeps its metadata in Mnesia rather than Khepri, has no delivery limit unless one is set, and
// knows no deprecated_features, so PermitTransientQueues is off here (3.10 permits them anyway).
type realBroker struct {
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
	realserver.Binary(t, "rabbitmq-server")
	user := realserver.Unprivileged(t)
	b := &realBroker{
		user: user, folder: realserver.Folder(t, user), epmd: realserver.FreePort(t), vhost: args.VirtualHost, passwords: map[string]string{},
		config: ConfigFor(args.Resources.Limits.MemoryMiB, args.Storage.SizeGiB, false),
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
	// Otherwise Erlang starts one that outlives the test.
	realserver.Start(t, b.command(t, realserver.Binary(t, "epmd"), "-port", strconv.Itoa(b.epmd), "-address", "127.0.0.1"))
	b.start(t)
	return b
}

func (b *realBroker) start(t *testing.T) {
	t.Helper()
	b.process = realserver.Start(t, b.command(t, realserver.Binary(t, "rabbitmq-server")))
	b.process.WaitFor(t, "accepting connections", 50*time.Second, func() error {
		connection, err := b.dial("operator", b.passwords["operator"])
		if err != nil {
			return err
		}
		return connection.Close()
	})
}

func (b *realBroker) path(name string) string { return filepath.Join(b.folder, name) }

func (b *realBroker) command(t *testing.T, path string, args ...string) realserver.Command {
	return realserver.Command{Path: path, Args: args, Dir: b.folder, User: b.user, Env: []string{
		"LANG=C.UTF-8", "HOME=" + b.folder, "RABBITMQ_NODENAME=" + nodeName, "RABBITMQ_MNESIA_BASE=" + b.path("mnesia"),
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=" + loopback, "ERL_EPMD_ADDRESS=127.0.0.1", "ERL_EPMD_PORT=" + strconv.Itoa(b.epmd),
		"RABBITMQ_DIST_PORT=" + strconv.Itoa(realserver.FreePort(t)),
		// In the image these are the defaults, or are made by mounts.
		"RABBITMQ_CONF_ENV_FILE=" + b.path("rabbitmq-env.conf"), "RABBITMQ_CONFIG_FILE=" + b.path("rabbitmq.conf"),
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + b.path("enabled_plugins"), "RABBITMQ_LOG_BASE=" + b.path("log"),
		"RABBITMQ_GENERATED_CONFIG_DIR=" + b.path("generated"), "RABBITMQ_SCHEMA_DIR=" + b.path("schema"), "RABBITMQ_PID_FILE=" + b.path("pid"),
	}}
}

func (b *realBroker) ctl(t *testing.T, args ...string) string {
	t.Helper()
	return strings.TrimSpace(realserver.MustRun(t, b.command(t, realserver.Binary(t, "rabbitmqctl"), append([]string{"--quiet"}, args...)...)))
}

// dial connects with the URL that a client would get.
func (b *realBroker) dial(user, password string) (*amqp.Connection, error) {
	url := credentials.Format("amqp", user, password, "127.0.0.1", b.config.Port, b.vhost)
	return amqp.DialConfig(url, amqp.Config{Heartbeat: 10 * time.Second, Dial: amqp.DefaultDial(5 * time.Second)})
}

// as runs an operation as a user, on a channel of its own: a refused operation closes its channel.
func (b *realBroker) as(t *testing.T, user string, operation func(*amqp.Channel) error) error {
	t.Helper()
	connection, err := b.dial(user, b.passwords[user])
	require.NoError(t, err)
	defer connection.Close()
	channel, err := connection.Channel()
	require.NoError(t, err)
	return operation(channel)
}

// publish sends a message and waits for the broker to have it, or to refuse it.
func publish(exchange, key, body string) func(*amqp.Channel) error {
	return func(c *amqp.Channel) error {
		closed := c.NotifyClose(make(chan *amqp.Error, 1))
		if err := c.Confirm(false); err != nil {
			return err
		}
		confirmation, err := c.PublishWithDeferredConfirm(exchange, key, true, false, amqp.Publishing{Body: []byte(body), DeliveryMode: amqp.Persistent})
		if err != nil {
			return err
		}
		select {
		case <-confirmation.Done():
			if !confirmation.Acked() {
				return fmt.Errorf("the broker did not take the message")
			}
			return nil
		case err := <-closed:
			return err
		case <-time.After(10 * time.Second):
			return fmt.Errorf("no answer within 10 s")
		}
	}
}

// take gets one message, waiting for it, and then acknowledges or rejects it.
func take(queue string, into *amqp.Delivery, done func(amqp.Delivery) error) func(*amqp.Channel) error {
	return func(c *amqp.Channel) error {
		for range 100 {
			delivery, found, err := c.Get(queue, false)
			if err != nil {
				return err
			}
			if found {
				*into = delivery
				return done(delivery)
			}
			time.Sleep(50 * time.Millisecond)
		}
		return fmt.Errorf("no message in %s within 5 s", queue)
	}
}

func acknowledge(d amqp.Delivery) error { return d.Ack(false) }
func reject(d amqp.Delivery) error      { return d.Reject(false) }
func giveBack(d amqp.Delivery) error    { return d.Reject(true) }

func TestRealBroker(t *testing.T) {
	args := validArgs().withDefaults()
	b := startReal(t, args)

	t.Run("imports the definitions", func(t *testing.T) {
		rows := strings.Split(b.ctl(t, "--vhost", args.VirtualHost, "list_queues", "--no-table-headers", "name", "type", "durable", "policy"), "\n")
		assert.ElementsMatch(t, []string{
			"work.in\tquorum\ttrue\twork.in", "work.out\tquorum\ttrue\twork.out", "work.a\tquorum\ttrue\twork.a",
			"work.b\tquorum\ttrue\twork.b", "work.dead\tquorum\ttrue\twork.dead",
		}, rows)
		users := b.ctl(t, "list_users", "--no-table-headers")
		for _, u := range args.Users {
			assert.Contains(t, users, u.Name+"\t")
		}
		assert.NotContains(t, users, "guest")
		assert.Equal(t, args.VirtualHost, b.ctl(t, "list_vhosts", "--no-table-headers", "name"), "and no / that nobody asked for")
	})
	t.Run("dead letters are kept", func(t *testing.T) { testDeadLetters(t, b) })
	t.Run("users do their own work only", func(t *testing.T) { testPermissions(t, b) })
	t.Run("Celery can declare what it uses", func(t *testing.T) { testCelery(t, b) })
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

func testDeadLetters(t *testing.T, b *realBroker) {
	var delivery amqp.Delivery
	require.NoError(t, b.as(t, "api", publish("work.in", "work.in", "rejected")))
	require.NoError(t, b.as(t, "worker-in", take("work.in", &delivery, reject)))
	require.NoError(t, b.as(t, "operator", take("work.dead", &delivery, acknowledge)))
	assert.Equal(t, "rejected", string(delivery.Body))
	deaths, _ := delivery.Headers["x-death"].([]any)
	require.Len(t, deaths, 1)
	death := deaths[0].(amqp.Table)
	assert.Equal(t, "work.in", death["queue"], "the header says where it came from")
	assert.Equal(t, "rejected", death["reason"])

	// A message that makes its consumer fail again and again is a dead letter, too.
	require.NoError(t, b.as(t, "worker-in", publish("work.out", "work.out", "poison")))
	for range 4 { // the first delivery and DeliveryLimit more
		require.NoError(t, b.as(t, "worker-out", take("work.out", &delivery, giveBack)))
	}
	require.NoError(t, b.as(t, "operator", take("work.dead", &delivery, acknowledge)))
	assert.Equal(t, "poison", string(delivery.Body))
	assert.Equal(t, "delivery_limit", delivery.Headers["x-death"].([]any)[0].(amqp.Table)["reason"])
}

func testPermissions(t *testing.T, b *realBroker) {
	_, err := b.dial("api", "wrong")
	require.ErrorContains(t, err, "username or password not allowed")
	_, err = b.dial("guest", "guest")
	require.ErrorContains(t, err, "username or password not allowed")

	get := func(queue string) func(*amqp.Channel) error {
		return func(c *amqp.Channel) error { _, _, err := c.Get(queue, true); return err }
	}
	for _, c := range []struct {
		what, user string
		operation  func(*amqp.Channel) error
		allowed    bool
	}{
		{"publish to its queue", "api", publish("work.in", "work.in", ""), true},
		{"publish to another queue", "api", publish("work.out", "work.out", ""), false},
		{"publish through the default exchange", "api", publish("", "work.out", ""), false},
		{"read what it published", "api", get("work.in"), false},
		{"read its queue", "worker-in", get("work.in"), true},
		{"read another queue", "worker-in", get("work.out"), false},
		{"read dead letters", "worker-in", get("work.dead"), false},
		{"publish what comes next", "worker-in", publish("work.out", "work.out", ""), true},
		{"see that its queue exists", "worker-in", func(c *amqp.Channel) error {
			_, err := c.QueueDeclarePassive("work.in", true, false, false, false, nil)
			return err
		}, true},
		{"make a queue", "worker-in", func(c *amqp.Channel) error {
			_, err := c.QueueDeclare("own", true, false, false, false, nil)
			return err
		}, false},
		{"delete its queue", "worker-in", func(c *amqp.Channel) error { _, err := c.QueueDelete("work.in", false, false, false); return err }, false},
		{"empty another queue", "worker-in", func(c *amqp.Channel) error { _, err := c.QueuePurge("work.out", false); return err }, false},
		{"Celery: read another queue", "celery-a", get("work.b"), false},
		{"Celery: delete another queue", "celery-a", func(c *amqp.Channel) error { _, err := c.QueueDelete("work.b", false, false, false); return err }, false},
		{"Celery: make a queue of its own name", "celery-a", func(c *amqp.Channel) error {
			_, err := c.QueueDeclare("other", true, false, false, false, nil)
			return err
		}, false},
		{"operator: read everything", "operator", get("work.b"), true},
	} {
		err := b.as(t, c.user, c.operation)
		if c.allowed {
			assert.NoError(t, err, "%s: %s", c.user, c.what)
		} else {
			assert.ErrorContains(t, err, "ACCESS_REFUSED", "%s: %s", c.user, c.what)
		}
	}
	for _, queue := range []string{"work.in", "work.out"} {
		require.NoError(t, b.as(t, "operator", func(c *amqp.Channel) error { _, err := c.QueuePurge(queue, false); return err }))
	}
}

// What kombu declares for a worker with --queues=work.a, and what its client publishes with.
func testCelery(t *testing.T, b *realBroker) {
	require.NoError(t, b.as(t, "celery-a", func(c *amqp.Channel) error {
		if err := c.ExchangeDeclare("work.a", "direct", true, false, false, false, nil); err != nil {
			return fmt.Errorf("its exchange: %w", err)
		}
		// Without arguments, as by default, and with the type of the queue, as task_create_missing_queue_type says.
		for _, arguments := range []amqp.Table{nil, {"x-queue-type": "quorum"}} {
			if _, err := c.QueueDeclare("work.a", true, false, false, false, arguments); err != nil {
				return fmt.Errorf("its queue with %v: %w", arguments, err)
			}
		}
		if err := c.QueueBind("work.a", "work.a", "work.a", false, nil); err != nil {
			return fmt.Errorf("its binding: %w", err)
		}
		// Remote control: the worker's own queue, and replies.
		if err := c.ExchangeDeclare("celery.pidbox", "fanout", false, false, false, false, nil); err != nil {
			return fmt.Errorf("the control exchange: %w", err)
		}
		if _, err := c.QueueDeclare("celery@host.celery.pidbox", false, true, true, false, nil); err != nil {
			return fmt.Errorf("the control queue: %w", err)
		}
		if err := c.QueueBind("celery@host.celery.pidbox", "", "celery.pidbox", false, nil); err != nil {
			return fmt.Errorf("the control binding: %w", err)
		}
		if err := c.ExchangeDeclare("reply.celery.pidbox", "direct", false, false, false, false, nil); err != nil {
			return fmt.Errorf("the reply exchange: %w", err)
		}
		if err := c.ExchangeDeclare("celeryev", "topic", true, false, false, false, nil); err != nil {
			return fmt.Errorf("the event exchange: %w", err)
		}
		if _, err := c.QueueDeclare("celeryev.5b3c", false, true, true, false, nil); err != nil {
			return fmt.Errorf("the event queue: %w", err)
		}
		if err := c.QueueBind("celeryev.5b3c", "worker.#", "celeryev", false, nil); err != nil {
			return fmt.Errorf("the event binding: %w", err)
		}
		// Delayed tasks go from one of 28 queues to the next.
		if err := c.ExchangeDeclare("celery_delayed_1", "topic", true, false, false, false, nil); err != nil {
			return fmt.Errorf("the delay exchange: %w", err)
		}
		_, err := c.QueueDeclare("celery_delayed_1", true, false, false, false, amqp.Table{
			"x-queue-type": "quorum", "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish",
			"x-message-ttl": 2000, "x-dead-letter-exchange": "celery_delayed_0",
		})
		if err != nil {
			return fmt.Errorf("the delay queue: %w", err)
		}
		return c.QueueBind("celery_delayed_1", "1.#", "celery_delayed_1", false, nil)
	}))
	// Tasks go through the default exchange; the message is rejected by the worker and is a dead letter.
	require.NoError(t, b.as(t, "celery-a", publish("", "work.a", "task")))
	var delivery amqp.Delivery
	require.NoError(t, b.as(t, "celery-a", func(c *amqp.Channel) error {
		if err := c.Qos(1, 0, false); err != nil { // per consumer: quorum queues have no other
			return err
		}
		return take("work.a", &delivery, reject)(c)
	}))
	require.NoError(t, b.as(t, "operator", take("work.dead", &delivery, acknowledge)))
	assert.Equal(t, "task", string(delivery.Body))
}

func testMetrics(t *testing.T, b *realBroker) {
	var body string
	b.process.WaitFor(t, "showing its metrics", 20*time.Second, func() error {
		response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", b.config.MetricsPort))
		if err != nil {
			return err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if body = string(text); err == nil && !strings.Contains(body, `rabbitmq_queue_messages_ready{`) {
			err = fmt.Errorf("no metric per queue yet")
		}
		return err
	})
	assert.Regexp(t, `rabbitmq_queue_messages_ready\{[^}]*queue="work.dead"[^}]*\} 0`, body)
}
