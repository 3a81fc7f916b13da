package rabbitmq

import (
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func testPermissions(t *testing.T, b *realBroker) {
	_, err := b.dial("api", "wrong")
	require.ErrorContains(t, err, "username or password not allowed")
	_, err = b.dial("guest", "guest")
	require.ErrorContains(t, err, "username or password not allowed")

	get := func(queue string) func(*amqp.Channel) error {
		return func(c *amqp.Channel) error { _, _, err := c.Get(queue, true); return err }
	}
	for _, c := range []struct {
		name, user string
		operation  func(*amqp.Channel) error
		allowed    bool
	}{
		{"publish to its queue", "api", publish("work.in", "work.in", ""), true},
		{"publish to another queue", "api", publish("work.out", "work.out", ""), false},
		{"publish through the default exchange", "api", publish("", "work.out", ""), false},
		{"read its own messages", "api", get("work.in"), false},
		{"read its queue", "worker-in", get("work.in"), true},
		{"read another queue", "worker-in", get("work.out"), false},
		{"read dead letters", "worker-in", get("work.dead"), false},
		{"publish to the next queue", "worker-in", publish("work.out", "work.out", ""), true},
		{"check that its queue exists", "worker-in", func(c *amqp.Channel) error {
			_, err := c.QueueDeclarePassive("work.in", true, false, false, false, nil)
			return err
		}, true},
		{"declare a queue", "worker-in", func(c *amqp.Channel) error {
			_, err := c.QueueDeclare("own", true, false, false, false, nil)
			return err
		}, false},
		{"delete its queue", "worker-in", func(c *amqp.Channel) error { _, err := c.QueueDelete("work.in", false, false, false); return err }, false},
		{"empty another queue", "worker-in", func(c *amqp.Channel) error { _, err := c.QueuePurge("work.out", false); return err }, false},
		{"Celery: read another queue", "celery-a", get("work.b"), false},
		{"Celery: delete another queue", "celery-a", func(c *amqp.Channel) error { _, err := c.QueueDelete("work.b", false, false, false); return err }, false},
		{"Celery: declare another queue", "celery-a", func(c *amqp.Channel) error {
			_, err := c.QueueDeclare("other", true, false, false, false, nil)
			return err
		}, false},
		{"operator: read everything", "operator", get("work.b"), true},
	} {
		err := b.as(t, c.user, c.operation)
		if c.allowed {
			assert.NoError(t, err, "%s: %s", c.user, c.name)
		} else {
			assert.ErrorContains(t, err, "ACCESS_REFUSED", "%s: %s", c.user, c.name)
		}
	}
	for _, queue := range []string{"work.in", "work.out"} {
		require.NoError(t, b.as(t, "operator", func(c *amqp.Channel) error { _, err := c.QueuePurge(queue, false); return err }))
	}
}
