package rabbitmq

import (
	"fmt"
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
