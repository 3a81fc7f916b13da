package rabbitmq

import (
	"fmt"
	"slices"
)

// Celery delays a task natively as follows, by kombu's names. It enters at delayEntrance with a routing key of delayBits digits
// and its queue, e.g. 0.0.(…).1.1.work.in for three seconds. A level whose digit is 1 keeps it in its queue for 2^level
// seconds; then, or at once, it goes to the next level, and at last from delayExit to the exchange of its queue.
const (
	delays        = `celery_delayed_.+`
	delayEntrance = "celery_delayed_27"
	delayExit     = "celery_delayed_delivery"
	delayBits     = 28
	// delayBindings are the keys by which a level is bound to its queue and to the next level.
	delayBindings = `^(\*\.)*[01]\.#$`
)

// delayLevel returns the name of a level's exchange and of its queue.
func delayLevel(level int) string { return fmt.Sprintf("celery_delayed_%d", level) }

// addDelays adds what a Celery worker declares for delayed tasks. RabbitMQ takes no topic permission for an exchange that does
// not exist, and a client that only publishes declares none.
func (d *Definitions) addDelays(args BrokerArgs) {
	if !slices.ContainsFunc(args.Users, func(u User) bool { return u.Celery }) {
		return
	}
	none := map[string]any{}
	bind := func(source, destination, kind, key string) {
		d.Bindings = append(d.Bindings, binding{
			VirtualHost: args.VirtualHost, Source: source, Destination: destination, DestinationType: kind, RoutingKey: key, Arguments: none,
		})
	}
	declare := func(name string) {
		d.Exchanges = append(d.Exchanges, exchange{VirtualHost: args.VirtualHost, Name: name, Type: "topic", Durable: true, Arguments: none})
	}
	digits := ""
	for level := delayBits - 1; level >= 0; level-- {
		name, next := delayLevel(level), delayExit
		if level > 0 {
			next = delayLevel(level - 1)
		}
		declare(name)
		d.Queues = append(d.Queues, queue{VirtualHost: args.VirtualHost, Name: name, Durable: true, Arguments: map[string]any{
			"x-queue-type": "quorum", "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish",
			"x-message-ttl": 1000 << level, "x-dead-letter-exchange": next,
		}})
		bind(name, name, "queue", digits+"1.#")
		bind(name, next, "exchange", digits+"0.#")
		digits += "*."
	}
	declare(delayExit)
	for _, q := range args.Queues {
		if q.Exchange == "topic" {
			bind(delayExit, q.Name, "exchange", "#."+q.Name)
			bind(q.Name, q.Name, "queue", "#."+q.Name)
		}
	}
}
