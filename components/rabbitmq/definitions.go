package rabbitmq

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
)

// everTimes is the delivery limit of a dead-letter queue. RabbitMQ 4 deletes what was delivered 20 times
// where there is no further dead-letter queue: looking at a dead letter must not be what loses it.
const everTimes = 1_000_000

// Definitions are what RabbitMQ imports when it starts; the field names are its own.
type Definitions struct {
	VirtualHosts []virtualHost `json:"vhosts"`
	Users        []user        `json:"users"`
	Permissions  []permission  `json:"permissions"`
	Policies     []policy      `json:"policies"`
	Exchanges    []exchange    `json:"exchanges"`
	Queues       []queue       `json:"queues"`
	Bindings     []binding     `json:"bindings"`
}

type virtualHost struct {
	Name     string            `json:"name"`
	Metadata virtualHostExtras `json:"metadata"`
	// RabbitMQ before 3.12 reads it from here.
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
	// A client that declares a queue without saying of what type, as Celery does, then means a quorum queue.
	const quorum = "quorum"
	d := Definitions{VirtualHosts: []virtualHost{{
		Name: args.VirtualHost, DefaultQueueType: quorum, Metadata: virtualHostExtras{DefaultQueueType: quorum},
	}}}
	none := map[string]any{}
	for _, q := range args.Queues {
		d.Exchanges = append(d.Exchanges, exchange{
			VirtualHost: args.VirtualHost, Name: q.Name, Type: "direct", Durable: true, Arguments: none,
		})
		d.Queues = append(d.Queues, queue{
			VirtualHost: args.VirtualHost, Name: q.Name, Durable: true, Arguments: map[string]any{"x-queue-type": quorum},
		})
		d.Bindings = append(d.Bindings, binding{
			VirtualHost: args.VirtualHost, Source: q.Name, Destination: q.Name, DestinationType: "queue", RoutingKey: q.Name, Arguments: none,
		})
		d.Policies = append(d.Policies, policy{
			VirtualHost: args.VirtualHost, Name: q.Name, Pattern: "^" + regexp.QuoteMeta(q.Name) + "$", ApplyTo: "queues",
			Definition: args.policyOf(q),
		})
	}
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
	}
	return d
}

// policyOf are the settings of a queue. They are a policy rather than the queue's arguments, because a client
// that declares the queue would have to give the same arguments, and because a policy can be changed.
func (a BrokerArgs) policyOf(q Queue) map[string]any {
	if !q.DeadLetter {
		limit := q.DeliveryLimit
		if q.Name == a.DeadLetterQueue {
			limit = everTimes
		}
		return map[string]any{"delivery-limit": limit}
	}
	return map[string]any{
		"delivery-limit":          q.DeliveryLimit,
		"dead-letter-exchange":    a.DeadLetterQueue,
		"dead-letter-routing-key": a.DeadLetterQueue,
		"dead-letter-strategy":    "at-least-once",
		// What at-least-once asks for; without a length limit nothing is ever rejected.
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

// HashPassword returns base64(salt + SHA-256(salt + password)), as rabbit_password_hashing_sha256 wants it.
// The salt comes from the password, so that the definitions change only when a password does; what a random
// salt is for, two users of the same guessable password, does not happen with generated ones.
func HashPassword(password string) string {
	const saltBytes = 4
	salted := sha256.Sum256([]byte("rabbitmq salt:" + password))
	salt := salted[:saltBytes]
	sum := sha256.Sum256(append(append([]byte{}, salt...), password...))
	return base64.StdEncoding.EncodeToString(append(append([]byte{}, salt...), sum[:]...))
}
