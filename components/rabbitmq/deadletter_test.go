package rabbitmq

import (
	"fmt"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
