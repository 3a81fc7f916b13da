package rabbitmq

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	validQueue = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)
	// Names of users are part of resource names and URLs.
	validUser = regexp.MustCompile(`^[a-z]([a-z0-9-]*[a-z0-9])?$`)
	knownTags = []string{"administrator", "monitoring", "policymaker", "management"}
)

// minVolumeGiB leaves room for messages beside what must stay free.
const minVolumeGiB = 4

// Validate returns every problem of the arguments, joined.
func (a BrokerArgs) Validate() error {
	a = a.withDefaults()
	problems := []error{
		a.Placement.Validate(), a.Storage.Validate(), a.Resources.Validate("Resources"), a.validateQueues(), a.validateUsers(),
	}
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if a.Namespace == nil {
		report("Namespace is missing; give the namespace the broker runs in")
	}
	if a.Image == "" {
		report("Image is empty; give an image such as rabbitmq:4.3.5-management")
	}
	if a.VirtualHost == "" {
		report("VirtualHost is empty; give a name, or / for the usual one")
	}
	if limit := a.Resources.Limits.MemoryMiB; limit > 0 && limit < 512 {
		report("Resources.Limits.MemoryMiB is %d; RabbitMQ needs at least 512 MiB", limit)
	}
	if a.Storage.SizeGiB > 0 && a.Storage.SizeGiB < minVolumeGiB {
		report("Storage.SizeGiB is %d; give at least %d GiB", a.Storage.SizeGiB, minVolumeGiB)
	}
	return errors.Join(problems...)
}

func (a BrokerArgs) validateQueues() error {
	var problems []error
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if len(a.Queues) == 0 {
		report("Queues is empty; give at least one")
	}
	wanted := false
	for i, q := range a.Queues {
		field := fmt.Sprintf("Queues[%d]", i)
		if !validQueue.MatchString(q.Name) || strings.HasPrefix(q.Name, "amq.") {
			report(`%s.Name is %q; give letters, digits, ".", "_" and "-", and not "amq." at the beginning`, field, q.Name)
		}
		if j := slices.IndexFunc(a.Queues[:i], func(o Queue) bool { return o.Name == q.Name }); j >= 0 {
			report("%s.Name is %q, as is Queues[%d].Name; give each its own", field, q.Name, j)
		}
		if q.DeliveryLimit < 1 {
			report("%s.DeliveryLimit is %d; give at least 1", field, q.DeliveryLimit)
		}
		if q.DeadLetter && q.Name == a.DeadLetterQueue {
			report("%s (%q) is the DeadLetterQueue and has dead letters itself; they would go round in a circle", field, q.Name)
		}
		wanted = wanted || q.DeadLetter
	}
	switch {
	case wanted && a.DeadLetterQueue == "":
		report("DeadLetterQueue is empty; queues with dead letters need one of Queues to send them to")
	case a.DeadLetterQueue != "" && !a.hasQueue(a.DeadLetterQueue):
		report("DeadLetterQueue is %q, which is not among Queues (%s)", a.DeadLetterQueue, a.queueNames())
	}
	return errors.Join(problems...)
}

func (a BrokerArgs) validateUsers() error {
	var problems []error
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if len(a.Users) == 0 {
		report("Users is empty; nobody could connect")
	}
	for i, u := range a.Users {
		field := fmt.Sprintf("Users[%d]", i)
		if !validUser.MatchString(u.Name) {
			report("%s.Name is %q; give lower-case letters, digits and -, beginning with a letter", field, u.Name)
		}
		if j := slices.IndexFunc(a.Users[:i], func(o User) bool { return o.Name == u.Name }); j >= 0 {
			report("%s.Name is %q, as is Users[%d].Name; give each its own", field, u.Name, j)
		}
		queues := append(slices.Clone(u.Publishes), u.Consumes...)
		for _, name := range queues {
			if !a.hasQueue(name) {
				report("%s (%q) uses queue %q, which is not among Queues (%s)", field, u.Name, name, a.queueNames())
			}
		}
		if len(queues) == 0 && u.Permissions == nil {
			report("%s (%q) has no permission; give queues that it Publishes or Consumes, or Permissions", field, u.Name)
		}
		if u.Permissions != nil {
			if len(queues) > 0 || u.Celery {
				report("%s (%q) has Permissions and queues or Celery; Permissions replace the others, give one", field, u.Name)
			}
			problems = append(problems, u.Permissions.validate(field))
		}
		for _, tag := range u.Tags {
			if !slices.Contains(knownTags, tag) {
				report("%s.Tags has %q; give some of %s", field, tag, strings.Join(knownTags, ", "))
			}
		}
	}
	return errors.Join(problems...)
}

func (p Permissions) validate(field string) error {
	var problems []error
	for _, right := range []struct{ name, pattern string }{{"Configure", p.Configure}, {"Write", p.Write}, {"Read", p.Read}} {
		// An empty expression matches every name in RabbitMQ's eyes, and none in most people's.
		if _, err := regexp.Compile(right.pattern); err != nil || right.pattern == "" {
			problems = append(problems, fmt.Errorf("%s.Permissions.%s is %q; give a regular expression, %s for nothing", field, right.name, right.pattern, nothing))
		}
	}
	return errors.Join(problems...)
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
