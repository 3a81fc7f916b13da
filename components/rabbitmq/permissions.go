package rabbitmq

import (
	"regexp"
	"slices"
	"strings"
)

const (
	// nothing matches no name.
	nothing = "^$"
	// defaultExchange is the name of the exchange "" in permissions.
	defaultExchange = `amq\.default`
)

// celeryControl are the exchanges and queues of Celery's remote control (names that end in "celery.pidbox"), its events
// (names that begin with "celeryev") and its delayed tasks, by kombu's naming. A user with access to them can send commands
// to every worker of the virtual host. Workers with --without-gossip --without-mingle --without-heartbeat and
// worker_enable_remote_control=False need the last only.
var celeryControl = append([]string{`celery_delayed_.+`}, celeryRemoteControl...)

// celeryRemoteControl is the part of celeryControl without delayed tasks.
var celeryRemoteControl = []string{`(.+\.)?celery\.pidbox`, `celeryev(\..+)?`}

// Observer returns the permissions of a Celery client that receives events, sends control commands, e.g. inspect, and reads
// the lengths of the queues, as celery-exporter does. A permission to read the length is one to consume, too.
func Observer(queues ...string) *Permissions {
	control := anyOf(celeryRemoteControl)
	return &Permissions{Configure: control, Write: control, Read: anyOf(append(quoted(queues), celeryRemoteControl...))}
}

// permissions returns the user's least privileges.
//
// A publisher writes to the exchange with its queue's name and a consumer reads from its queue. Neither declares anything,
// since the definitions declare everything.
//
// A Celery client with default settings declares and binds its queues and the exchanges with the same name at every
// connect. That needs all three permissions on the name; the definitions equal its declarations. It publishes through the
// default exchange, which RabbitMQ cannot restrict by queue: it can write to every queue, but read and change only its own.
func (u User) permissions() Permissions {
	if u.Permissions != nil {
		return *u.Permissions
	}
	publishes, consumes := quoted(u.Publishes), quoted(u.Consumes)
	if !u.Celery {
		return Permissions{Configure: nothing, Write: anyOf(publishes), Read: anyOf(consumes)}
	}
	own := append(append(publishes, consumes...), celeryControl...)
	return Permissions{Configure: anyOf(own), Write: anyOf(append([]string{defaultExchange}, own...)), Read: anyOf(own)}
}

func quoted(names []string) []string {
	list := make([]string, 0, len(names))
	for _, name := range names {
		list = append(list, regexp.QuoteMeta(name))
	}
	return list
}

// anyOf returns an expression that matches any of the patterns as a whole.
func anyOf(patterns []string) string {
	if len(patterns) == 0 {
		return nothing
	}
	list := slices.Compact(slices.Sorted(slices.Values(patterns)))
	return "^(" + strings.Join(list, "|") + ")$"
}
