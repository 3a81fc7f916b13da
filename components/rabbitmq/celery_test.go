package rabbitmq

import (
	"fmt"
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// testCelery declares like kombu for a worker with --queues=work.a and task_create_missing_queue_exchange_type="topic", and
// publishes like a client.
func testCelery(t *testing.T, b *realBroker) {
	require.NoError(t, b.as(t, "celery-a", func(c *amqp.Channel) error {
		if err := c.ExchangeDeclare("work.a", "topic", true, false, false, false, nil); err != nil {
			return fmt.Errorf("its exchange: %w", err)
		}
		// Without arguments, as by default, and with the type of the queue, as with task_create_missing_queue_type.
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
		return declareDelays(c, "work.a")
	}))
	// Another worker does the same at its start.
	require.NoError(t, b.as(t, "celery-b", func(c *amqp.Channel) error {
		if err := c.ExchangeDeclare("work.b", "topic", true, false, false, false, nil); err != nil {
			return err
		}
		return declareDelays(c, "work.b")
	}))
	// The message is rejected by the worker and is a dead letter.
	require.NoError(t, b.as(t, "celery-sender", publish("work.a", "work.a", "task")))
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

// declareDelays declares like kombu's native_delayed_delivery: a delayed task goes from one of 28 queues to the next.
func declareDelays(c *amqp.Channel, queue string) error {
	name := func(level int) string { return fmt.Sprintf("celery_delayed_%d", level) }
	for level, key := delayBits-1, "1.#"; level >= 0; level, key = level-1, "*."+key {
		next := delayExit
		if level > 0 {
			next = name(level - 1)
		}
		if err := c.ExchangeDeclare(name(level), "topic", true, false, false, false, nil); err != nil {
			return fmt.Errorf("the exchange of level %d: %w", level, err)
		}
		_, err := c.QueueDeclare(name(level), true, false, false, false, amqp.Table{
			"x-queue-type": "quorum", "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish",
			"x-message-ttl": int64(1000) << level, "x-dead-letter-exchange": next,
		})
		if err != nil {
			return fmt.Errorf("the queue of level %d: %w", level, err)
		}
		if err := c.QueueBind(name(level), key, name(level), false, nil); err != nil {
			return fmt.Errorf("the queue of level %d: %w", level, err)
		}
	}
	key := "0.#"
	for level := delayBits - 1; level > 0; level, key = level-1, "*."+key {
		if err := c.ExchangeBind(name(level-1), key, name(level), false, nil); err != nil {
			return fmt.Errorf("level %d: %w", level, err)
		}
	}
	if err := c.ExchangeDeclare(delayExit, "topic", true, false, false, false, nil); err != nil {
		return fmt.Errorf("the exit: %w", err)
	}
	if err := c.ExchangeBind(delayExit, key, name(0), false, nil); err != nil {
		return fmt.Errorf("the last level: %w", err)
	}
	if err := c.ExchangeBind(queue, "#."+queue, delayExit, false, nil); err != nil {
		return fmt.Errorf("the queue's exchange: %w", err)
	}
	return c.QueueBind(queue, "#."+queue, queue, false, nil)
}

// delayed returns the routing key of a task for a queue in so many seconds.
func delayed(seconds int, queue string) string {
	return strings.Join(strings.Split(fmt.Sprintf("%028b", seconds), ""), ".") + "." + queue
}

// testCeleryAttacks are the steps of an intruder in an application, against a broker on which testCelery has run.
func testCeleryAttacks(t *testing.T, b *realBroker) {
	var delivery amqp.Delivery
	require.NoError(t, b.as(t, "celery-sender", publish(delayEntrance, delayed(1, "work.a"), "later")), "its own queue, in a second")
	require.NoError(t, b.as(t, "celery-a", take("work.a", &delivery, acknowledge)))
	assert.Equal(t, "later", string(delivery.Body))

	worker, control := "celery@host.celery.pidbox", "celery.pidbox"
	// A queue of one's own that sends its messages on, once they expire.
	forwarder := func(exchange, key string) func(*amqp.Channel) error {
		return func(c *amqp.Channel) error {
			_, err := c.QueueDeclare("celeryev.forward", false, false, true, false, amqp.Table{
				"x-message-ttl": int32(1), "x-dead-letter-exchange": exchange, "x-dead-letter-routing-key": key, "x-queue-type": "classic",
			})
			return err
		}
	}
	for _, user := range []string{"celery-sender", "celery-a"} {
		for step, operation := range map[string]func(*amqp.Channel) error{
			"send to another's queue":                       publish("work.b", "work.b", ""),
			"send to it through the default exchange":       publish("", "work.b", ""),
			"send to it later":                              publish(delayEntrance, delayed(1, "work.b"), ""),
			"send to it from the last level":                publish("celery_delayed_0", delayed(0, "work.b"), ""),
			"send to it from the exit":                      publish(delayExit, "0.work.b", ""),
			"send its later tasks to the own queue, too":    func(c *amqp.Channel) error { return c.QueueBind("work.a", "#", delayExit, false, nil) },
			"receive another's tasks":                       func(c *amqp.Channel) error { return c.QueueBind("work.a", "#", "work.b", false, nil) },
			"command all workers":                           publish(control, "", `{"method": "shutdown"}`),
			"command one worker":                            publish("", worker, `{"method": "shutdown"}`),
			"command all workers by a binding":              func(c *amqp.Channel) error { return c.ExchangeBind(control, "#", "celeryev", false, nil) },
			"command all workers by a dead letter":          forwarder(control, ""),
			"command one worker by a dead letter":           forwarder("", worker),
			"send to another's queue by a dead letter":      forwarder("work.b", "work.b"),
			"send to it through the default exchange again": forwarder("", "work.b"),
			"command by an alternate exchange": func(c *amqp.Channel) error {
				return c.ExchangeDeclare("celeryev.own", "topic", false, true, false, false, amqp.Table{"alternate-exchange": control})
			},
			"delete another's queue":    func(c *amqp.Channel) error { _, err := c.QueueDelete("work.b", false, false, false); return err },
			"delete another's exchange": func(c *amqp.Channel) error { return c.ExchangeDelete("work.b", false, false) },
		} {
			assert.ErrorContains(t, b.as(t, user, operation), "ACCESS_REFUSED", "%s: %s", user, step)
		}
	}
	// One that only sends, e.g. an API that the internet reaches, can do nothing else at all.
	for step, operation := range map[string]func(*amqp.Channel) error{
		"read its queue":           func(c *amqp.Channel) error { _, _, err := c.Get("work.a", true); return err },
		"read delayed tasks":       func(c *amqp.Channel) error { _, _, err := c.Get("celery_delayed_1", true); return err },
		"empty its queue":          func(c *amqp.Channel) error { _, err := c.QueuePurge("work.a", false); return err },
		"a queue that sends on":    forwarder(delayExit, "0.work.b"),
		"stop all remote control":  func(c *amqp.Channel) error { return c.ExchangeDelete(control, false, false) },
		"pretend a worker's event": publish("celeryev", "worker.heartbeat", ""),
	} {
		assert.ErrorContains(t, b.as(t, "celery-sender", operation), "ACCESS_REFUSED", step)
	}
	// Not prevented, and said so in docs/security.md: a worker must be able to declare queues and to bind the levels of delay, and
	// RabbitMQ asks for no right to the key of a dead letter.
	require.NoError(t, b.as(t, "celery-a", func(c *amqp.Channel) error {
		if err := forwarder(delayExit, "0.work.b")(c); err != nil {
			return err
		}
		if err := c.QueueBind("celeryev.forward", "forward", "celeryev", false, nil); err != nil {
			return err
		}
		if err := publish("celeryev", "forward", "smuggled")(c); err != nil {
			return err
		}
		return b.as(t, "celery-b", take("work.b", &delivery, acknowledge)) // while the queue, which is exclusive, is there
	}))
	assert.Equal(t, "smuggled", string(delivery.Body))
}
