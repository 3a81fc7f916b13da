package rabbitmq

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
)

// unlimited is the delivery limit of a dead-letter queue. RabbitMQ 4 deletes a message after 20 deliveries if there is no
// further dead-letter queue, so reading dead letters would delete them.
const unlimited = 1_000_000

// Definitions is the file that RabbitMQ imports at start, with its field names.
type Definitions struct {
	VirtualHosts []virtualHost `json:"vhosts"`
	Users        []user        `json:"users"`
	Permissions  []permission  `json:"permissions"`
	// Topics restrict permissions on topic exchanges further, by routing key.
	Topics    []topicPermission `json:"topic_permissions"`
	Policies  []policy          `json:"policies"`
	Exchanges []exchange        `json:"exchanges"`
	Queues    []queue           `json:"queues"`
	Bindings  []binding         `json:"bindings"`
}

type virtualHost struct {
	Name     string            `json:"name"`
	Metadata virtualHostExtras `json:"metadata"`
	// Read by RabbitMQ before 3.12.
	DefaultQueueType string `json:"default_queue_type"`
}

type virtualHostExtras struct {
	DefaultQueueType string `json:"default_queue_type"`
}

type user struct {
	Name             string   `json:"name"`
	PasswordHash     string   `json:"password_hash"`
	HashingAlgorithm string   `json:"hashing_algorithm"`
	Tags             []string `json:"tags"`
}

type permission struct {
	User        string `json:"user"`
	VirtualHost string `json:"vhost"`
	Configure   string `json:"configure"`
	Write       string `json:"write"`
	Read        string `json:"read"`
}

type topicPermission struct {
	User        string `json:"user"`
	VirtualHost string `json:"vhost"`
	Exchange    string `json:"exchange"`
	Write       string `json:"write"`
	Read        string `json:"read"`
}

type policy struct {
	VirtualHost string         `json:"vhost"`
	Name        string         `json:"name"`
	Pattern     string         `json:"pattern"`
	ApplyTo     string         `json:"apply-to"`
	Priority    int            `json:"priority"`
	Definition  map[string]any `json:"definition"`
}

type exchange struct {
	VirtualHost string         `json:"vhost"`
	Name        string         `json:"name"`
	Type        string         `json:"type"`
	Durable     bool           `json:"durable"`
	AutoDelete  bool           `json:"auto_delete"`
	Internal    bool           `json:"internal"`
	Arguments   map[string]any `json:"arguments"`
}

type queue struct {
	VirtualHost string         `json:"vhost"`
	Name        string         `json:"name"`
	Durable     bool           `json:"durable"`
	AutoDelete  bool           `json:"auto_delete"`
	Arguments   map[string]any `json:"arguments"`
}

type binding struct {
	VirtualHost     string         `json:"vhost"`
	Source          string         `json:"source"`
	Destination     string         `json:"destination"`
	DestinationType string         `json:"destination_type"`
	RoutingKey      string         `json:"routing_key"`
	Arguments       map[string]any `json:"arguments"`
}

// DefinitionsFor returns the definitions of a broker whose users have these passwords.
func DefinitionsFor(args BrokerArgs, passwords map[string]string) Definitions {
	args = args.withDefaults()
	// The type of a queue that a client declares without a type, as Celery does.
	const quorum = "quorum"
	d := Definitions{
		VirtualHosts: []virtualHost{{
			Name: args.VirtualHost, DefaultQueueType: quorum, Metadata: virtualHostExtras{DefaultQueueType: quorum},
		}},
		Exchanges: []exchange{}, Bindings: []binding{}, Topics: []topicPermission{}, // RabbitMQ reads no null
	}
	none := map[string]any{}
	for _, q := range args.Queues {
		d.Queues = append(d.Queues, queue{
			VirtualHost: args.VirtualHost, Name: q.Name, Durable: true, Arguments: map[string]any{"x-queue-type": quorum},
		})
		if q.Exchange != "" {
			d.Exchanges = append(d.Exchanges, exchange{
				VirtualHost: args.VirtualHost, Name: q.Name, Type: q.Exchange, Durable: true, Arguments: none,
			})
			d.Bindings = append(d.Bindings, binding{
				VirtualHost: args.VirtualHost, Source: q.Name, Destination: q.Name, DestinationType: "queue", RoutingKey: q.Name, Arguments: none,
			})
		}
		d.Policies = append(d.Policies, policy{
			VirtualHost: args.VirtualHost, Name: q.Name, Pattern: "^" + regexp.QuoteMeta(q.Name) + "$", ApplyTo: "queues",
			Definition: args.policyOf(q),
		})
	}
	d.addDelays(args)
	for _, u := range args.Users {
		p := u.permissions()
		tags := u.Tags
		if tags == nil {
			tags = []string{}
		}
		d.Users = append(d.Users, user{
			Name: u.Name, PasswordHash: HashPassword(passwords[u.Name]), HashingAlgorithm: "rabbit_password_hashing_sha256", Tags: tags,
		})
		d.Permissions = append(d.Permissions, permission{
			User: u.Name, VirtualHost: args.VirtualHost, Configure: p.Configure, Write: p.Write, Read: p.Read,
		})
		for _, topic := range u.topics() {
			topic.VirtualHost = args.VirtualHost
			d.Topics = append(d.Topics, topic)
		}
	}
	return d
}

// policyOf returns the settings of a queue. They are a policy instead of arguments, because a client that declares the
// queue would need the same arguments, and because a policy can be changed.
func (a BrokerArgs) policyOf(q Queue) map[string]any {
	if !q.DeadLetter {
		limit := q.DeliveryLimit
		if q.Name == a.DeadLetterQueue {
			limit = unlimited
		}
		return map[string]any{"delivery-limit": limit}
	}
	return map[string]any{
		"delivery-limit":          q.DeliveryLimit,
		"dead-letter-exchange":    "", // the default exchange routes by the queue's name
		"dead-letter-routing-key": a.DeadLetterQueue,
		"dead-letter-strategy":    "at-least-once",
		// Required by at-least-once. Without a length limit, nothing is rejected.
		"overflow": "reject-publish",
	}
}

// Render returns definitions.json.
func (d Definitions) Render() (string, error) {
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return "", fmt.Errorf("render RabbitMQ's definitions: %w", err)
	}
	return string(text), nil
}

// HashPassword returns base64(salt + SHA-256(salt + password)), as rabbit_password_hashing_sha256
// requires. The salt is derived from the password, so that the definitions change only if a password does. A random salt
// would protect guessable passwords that users share; these are generated.
func HashPassword(password string) string {
	const saltBytes = 4
	salted := sha256.Sum256([]byte("rabbitmq salt:" + password))
	salt := salted[:saltBytes]
	sum := sha256.Sum256(append(append([]byte{}, salt...), password...))
	return base64.StdEncoding.EncodeToString(append(append([]byte{}, salt...), sum[:]...))
}
