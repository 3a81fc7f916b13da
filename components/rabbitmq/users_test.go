package rabbitmq

import (
	"path/filepath"
	"strconv"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/realserver"
)

// testRemovedUsers runs the script that follows each start of the broker.
func testRemovedUsers(t *testing.T, b *realBroker) {
	b.ctl(t, "add_user", "former", "password")
	b.ctl(t, "set_permissions", "--vhost", b.vhost, "former", ".*", ".*", ".*")
	connection, err := b.dial("former", "password")
	require.NoError(t, err)
	closed := connection.NotifyClose(make(chan *amqp.Error, 1))
	before := b.ctl(t, "list_users", "--no-table-headers")

	realserver.Write(t, b.Path(usersFile), validArgs().userTable(), 0o400, b.User)
	realserver.Write(t, b.Path(removeUsersFile), removeUsersScript, 0o500, b.User)
	command := b.Command(t, b.Path(removeUsersFile))
	_, rabbitmqctl := realserver.InSystem(t, realserver.BrokerSystem, "rabbitmqctl")
	command.Env = append(command.Env, "PATH="+filepath.Dir(rabbitmqctl)+":/usr/bin:/bin",
		"USERS_FILE="+b.Path(usersFile), "AMQP_PORT="+strconv.Itoa(b.config.Port), "WAIT_SECONDS=20")
	output := realserver.MustRun(t, command)
	assert.Contains(t, output, "deleted former")

	_, err = b.dial("former", "password")
	assert.ErrorContains(t, err, "username or password not allowed")
	assert.NotContains(t, b.ctl(t, "list_users", "--no-table-headers"), "former")
	assert.Contains(t, before, "former")
	for _, u := range validArgs().Users {
		connection, err := b.dial(u.Name, b.passwords[u.Name])
		require.NoError(t, err, u.Name)
		require.NoError(t, connection.Close())
	}
	select {
	case <-closed:
	case <-time.After(time.Minute):
		t.Error("the connection of a deleted user stays open")
	}
}

// testObserver acts as celery-exporter 0.12: it receives events and inspects the workers.
func testObserver(t *testing.T, b *realBroker) {
	require.NoError(t, b.as(t, "observer", func(c *amqp.Channel) error {
		for exchange, kind := range map[string]string{"celery.pidbox": "fanout", "reply.celery.pidbox": "direct", "celeryev": "topic"} {
			if err := c.ExchangeDeclare(exchange, kind, exchange == "celeryev", false, false, false, nil); err != nil {
				return err
			}
		}
		for queue, exchange := range map[string]string{"5b3c.reply.celery.pidbox": "reply.celery.pidbox", "celeryev.5b3c": "celeryev"} {
			if _, err := c.QueueDeclare(queue, false, true, true, false, nil); err != nil {
				return err
			}
			if err := c.QueueBind(queue, "#", exchange, false, nil); err != nil {
				return err
			}
			if _, err := c.Consume(queue, "", true, false, false, false, nil); err != nil {
				return err
			}
		}
		return c.Publish("celery.pidbox", "", false, false, amqp.Publishing{Body: []byte("{}")})
	}))
	require.ErrorContains(t, b.as(t, "observer", publish("", "work.a", "task")), "ACCESS_REFUSED")
	require.ErrorContains(t, b.as(t, "observer", func(c *amqp.Channel) error { _, err := c.QueuePurge("work.b", false); return err }), "ACCESS_REFUSED")
}
