package rabbitmq

import (
	"regexp"
	"sort"
	"strings"
)

const (
	// nothing matches no name.
	nothing = "^$"
	// defaultExchange is the name that RabbitMQ asks permission for when a message goes to the exchange "".
	defaultExchange = `amq\.default`
)

// celeryControl are the exchanges and queues of Celery's remote control ("celery.pidbox" and what ends in it),
// its events ("celeryev" and what begins with it) and its delayed tasks, by kombu's naming. Who has them can
// send commands to every worker of the virtual host; workers started with --without-gossip --without-mingle
// --without-heartbeat and worker_enable_remote_control=False use none of them but the last.
var celeryControl = []string{`(.+\.)?celery\.pidbox`, `celeryev(\..+)?`, `celery_delayed_.+`}

// permissions are the least that lets the user do its work.
//
// A publisher writes to the exchange of its queue's name and a consumer reads from its queue; neither
// declares anything, as the definitions have it all.
//
// A Celery client of stock configuration declares its queues and the exchanges of the same name, and binds
// them, each time it connects. That takes all three rights on that name; the definitions are written so that
// its declaration equals them. It publishes through the default exchange, which RabbitMQ cannot restrict by
// queue: it can therefore write to every queue, but read and change its own only.
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

// anyOf is an expression that matches any of the patterns, whole, and nothing else.
func anyOf(patterns []string) string {
	if len(patterns) == 0 {
		return nothing
	}
	unique := map[string]bool{}
	var list []string
	for _, p := range patterns {
		if !unique[p] {
			list = append(list, p)
		}
		unique[p] = true
	}
	sort.Strings(list)
	return "^(" + strings.Join(list, "|") + ")$"
}
