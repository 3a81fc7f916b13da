package rabbitmq

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// nothing matches no name.
const nothing = "^$"

// Exchanges and queues of a Celery client, by kombu's naming.
const (
	// controlExchange is a fanout exchange to every worker of the virtual host: whoever writes to it controls them all.
	controlExchange = `celery\.pidbox`
	// controlQueues are a worker's own queue of commands, and the exchange and the queues of answers.
	controlQueues = `.+\.celery\.pidbox`
	events        = `celeryev(\..+)?`
)

// Observer returns the permissions of a Celery client that receives events, sends control commands, e.g. inspect, and reads
// the lengths of the queues, as celery-exporter does. A permission to read the length is one to consume, too.
func Observer(queues ...string) *Permissions {
	control := anyOf([]string{controlExchange, controlQueues, events})
	return &Permissions{Configure: control, Write: control, Read: anyOf(append(quoted(queues), controlExchange, controlQueues, events))}
}

// permissions returns the user's least privileges. None may write to the default exchange, which RabbitMQ cannot restrict
// by queue.
//
// A publisher writes to the exchange with its queue's name and a consumer reads from its queue. Neither declares anything,
// since the definitions declare everything.
//
// A Celery client that only publishes needs the entrance of delayed tasks, too, and no more if its queues have no_declare.
//
// A Celery worker declares and binds its own queue, the exchange of the same name, its control queue and the levels of delay
// at every connect. That needs all three permissions on these names; the definitions equal its declarations.
func (u User) permissions() Permissions {
	if u.Permissions != nil {
		return *u.Permissions
	}
	publishes, consumes := quoted(u.Publishes), quoted(u.Consumes)
	switch {
	case !u.Celery:
		return Permissions{Configure: nothing, Write: anyOf(publishes), Read: anyOf(consumes)}
	case len(consumes) == 0:
		return Permissions{Configure: nothing, Write: anyOf(append(publishes, delayEntrance)), Read: nothing}
	}
	own := append(consumes, controlQueues, events, delays)
	return Permissions{
		Configure: anyOf(append(own, controlExchange)),
		Write:     anyOf(append(own, publishes...)),
		Read:      anyOf(append(own, controlExchange)),
	}
}

// topics returns the user's permissions on routing keys by topic exchange: Write for messages, Read for bindings. Delayed
// tasks of all queues pass through the same exchanges, so a name alone does not tell whose they are.
func (u User) topics() []topicPermission {
	if u.Permissions != nil || !u.Celery {
		return nil
	}
	queues := strings.Join(slices.Sorted(slices.Values(append(quoted(u.Publishes), quoted(u.Consumes)...))), "|")
	entrance := topicPermission{User: u.Name, Exchange: delayEntrance, Write: fmt.Sprintf(`^([01]\.){%d}(%s)$`, delayBits, queues), Read: nothing}
	if len(u.Consumes) == 0 {
		return []topicPermission{entrance}
	}
	entrance.Read = delayBindings
	topics := []topicPermission{entrance}
	for level := delayBits - 2; level >= 0; level-- {
		topics = append(topics, topicPermission{User: u.Name, Exchange: delayLevel(level), Write: nothing, Read: delayBindings})
	}
	own := fmt.Sprintf(`^#\.(%s)$`, strings.Join(quoted(u.Consumes), "|"))
	return append(topics, topicPermission{User: u.Name, Exchange: delayExit, Write: nothing, Read: own})
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
