package stacks

import "github.com/growbin/cluster/components/rabbitmq"

// Names of the queues, used by applications and RabbitMQ.
const (
	queueImageUpload        = "q.image_upload"
	queueGPT5Analysis       = "q.gpt5_analysis"
	queueRuleRetrieval      = "q.rule_retrieval"
	queueResponseGeneration = "q.response_generation"
	queueDeadLetters        = "q.dlq"
)

// queues is the table of RabbitMQ's queues. Messages that a worker rejects go to queueDeadLetters. An exchange is of the type
// that the applications' Celery declares: a sender may declare nothing, so it must exist before the first worker.
func queues() []rabbitmq.Queue {
	return []rabbitmq.Queue{
		{Name: queueImageUpload, DeadLetter: true, Exchange: "topic"},
		{Name: queueGPT5Analysis, DeadLetter: true, Exchange: "topic"},
		{Name: queueRuleRetrieval, DeadLetter: true, Exchange: "topic"},
		{Name: queueResponseGeneration, DeadLetter: true, Exchange: "topic"},
		{Name: queueDeadLetters},
	}
}

// brokerOperator is the user of RabbitMQ for people.
const brokerOperator = "operator"

// DeadLetters returns the queues whose rejected messages go to target.
func DeadLetters() (sources []string, target string) {
	for _, q := range queues() {
		if q.DeadLetter {
			sources = append(sources, q.Name)
		}
	}
	return sources, queueDeadLetters
}

// brokerUsers derives RabbitMQ's users from the applications: each may use its own queues only. The operator is for people.
func brokerUsers() []rabbitmq.User {
	var users []rabbitmq.User
	for _, a := range catalog {
		if !a.usesBroker() {
			continue
		}
		user := rabbitmq.User{Name: a.Name, Publishes: a.Publishes, Celery: true}
		if a.Queue != "" {
			user.Consumes = []string{a.Queue}
		}
		users = append(users, user)
	}
	return append(users,
		// The exporter receives the workers' events, inspects the workers, and reads the lengths of queues. It consumes no task.
		rabbitmq.User{Name: celeryExporter, Permissions: rabbitmq.Observer(queueNames()...)},
		rabbitmq.User{Name: brokerOperator, Tags: []string{"administrator"}, Permissions: &rabbitmq.Everything})
}

func queueNames() []string {
	var names []string
	for _, q := range queues() {
		names = append(names, q.Name)
	}
	return names
}
