package rabbitmq

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/growbin/cluster/components/pod"
	"github.com/growbin/cluster/components/validation"
)

var (
	validQueue = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)
	// Names of users are part of resource names and URLs.
	validUser      = regexp.MustCompile(`^[a-z]([a-z0-9-]*[a-z0-9])?$`)
	knownExchanges = []string{"direct", "topic", "fanout"}
	knownTags      = []string{"administrator", "monitoring", "policymaker", "management"}
)

// minVolumeGiB leaves space for messages beside the space that must stay free.
const minVolumeGiB = 4

// Validate returns all problems of the arguments, joined.
func (a BrokerArgs) Validate() error {
	a = a.withDefaults()
	var problems validation.Problems
	problems.Include("Placement", a.Placement.Validate())
	problems.Include("Storage", a.Storage.Validate())
	problems.Include("Resources", a.Resources.Validate())
	if a.Namespace == nil {
		problems.NotSet("Namespace", "must be the namespace of the broker")
	}
	pod.ValidateImage(&problems, "Image", a.Image)
	if a.VirtualHost == "" {
		problems.NotSet("VirtualHost", "must be a name, or / for RabbitMQ's default")
	}
	if limit := a.Resources.Limits.MemoryMiB; limit > 0 && limit < 512 {
		problems.Add("Resources.Limits.MemoryMiB", limit, "must be at least 512")
	}
	if a.Storage.SizeGiB > 0 && a.Storage.SizeGiB < minVolumeGiB {
		problems.Add("Storage.SizeGiB", a.Storage.SizeGiB, "must be at least %d", minVolumeGiB)
	}
	a.validateQueues(&problems)
	a.validateUsers(&problems)
	return problems.Err()
}

func (a BrokerArgs) validateQueues(problems *validation.Problems) {
	if len(a.Queues) == 0 {
		problems.NotSet("Queues", "must be at least one")
	}
	seen, deadLetters := map[string]bool{}, false
	for i, q := range a.Queues {
		field := fmt.Sprintf("Queues[%d]", i)
		if !validQueue.MatchString(q.Name) || strings.HasPrefix(q.Name, "amq.") {
			problems.Add(field+".Name", q.Name, `must be letters, digits, ".", "_" and "-", and not begin with "amq."`)
		}
		if seen[q.Name] {
			problems.Add(field+".Name", q.Name, "must be unique")
		}
		if q.Exchange != "" && !slices.Contains(knownExchanges, q.Exchange) {
			problems.Add(field+".Exchange", q.Exchange, "must be direct, topic or fanout, or empty for none")
		}
		if q.DeliveryLimit < 1 {
			problems.Add(field+".DeliveryLimit", q.DeliveryLimit, "must be at least 1")
		}
		if q.DeadLetter && q.Name == a.DeadLetterQueue {
			problems.Add(field+".DeadLetter", q.DeadLetter, "must be false for the DeadLetterQueue %q itself", q.Name)
		}
		seen[q.Name] = true
		deadLetters = deadLetters || q.DeadLetter
	}
	switch {
	case deadLetters && a.DeadLetterQueue == "":
		problems.NotSet("DeadLetterQueue", "must be one of Queues, since some have dead letters")
	case a.DeadLetterQueue != "" && !a.hasQueue(a.DeadLetterQueue):
		problems.Add("DeadLetterQueue", a.DeadLetterQueue, "must be one of Queues (%s)", a.queueNames())
	}
}

func (a BrokerArgs) validateUsers(problems *validation.Problems) {
	if len(a.Users) == 0 {
		problems.NotSet("Users", "must be at least one")
	}
	seen := map[string]bool{}
	for i, u := range a.Users {
		field := fmt.Sprintf("Users[%d]", i)
		if seen[u.Name] {
			problems.Add(field+".Name", u.Name, "must be unique")
		}
		seen[u.Name] = true
		for _, name := range append(slices.Clone(u.Publishes), u.Consumes...) {
			if !a.hasQueue(name) {
				problems.Add(field+".Publishes or Consumes", name, "must be one of Queues (%s); the user is %q", a.queueNames(), u.Name)
			}
		}
		problems.Include(field, u.validate())
	}
}

func (u User) validate() error {
	var problems validation.Problems
	if !validUser.MatchString(u.Name) {
		problems.Add("Name", u.Name, "must be lower-case letters, digits and -, beginning with a letter")
	}
	queues := len(u.Publishes) + len(u.Consumes)
	switch {
	case queues == 0 && u.Permissions == nil:
		problems.NotSet("Permissions", "must be set if user %q neither Publishes nor Consumes", u.Name)
	case u.Permissions != nil && (queues > 0 || u.Celery):
		problems.Add("Permissions", *u.Permissions, "must not be set with Publishes, Consumes or Celery, which it would replace; the user is %q", u.Name)
	}
	if u.Permissions != nil {
		problems.Include("Permissions", u.Permissions.validate())
	}
	for _, tag := range u.Tags {
		if !slices.Contains(knownTags, tag) {
			problems.Add("Tags", tag, "must be one of %s", strings.Join(knownTags, ", "))
		}
	}
	return problems.Err()
}

func (p Permissions) validate() error {
	var problems validation.Problems
	for _, right := range []struct{ name, pattern string }{{"Configure", p.Configure}, {"Write", p.Write}, {"Read", p.Read}} {
		// RabbitMQ would match every name with an empty expression, which few people expect.
		if _, err := regexp.Compile(right.pattern); err != nil || right.pattern == "" {
			problems.Add(right.name, right.pattern, "must be a regular expression, e.g. %s for nothing", nothing)
		}
	}
	return problems.Err()
}

func (a BrokerArgs) hasQueue(name string) bool {
	return slices.ContainsFunc(a.Queues, func(q Queue) bool { return q.Name == name })
}

func (a BrokerArgs) queueNames() string {
	names := make([]string, 0, len(a.Queues))
	for _, q := range a.Queues {
		names = append(names, q.Name)
	}
	return strings.Join(names, ", ")
}
