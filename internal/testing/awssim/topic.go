package awssim

import (
	"maps"
	"net/mail"
	"regexp"
	"slices"
)

const (
	topicToken             = "aws:sns/topic:Topic"
	topicSubscriptionToken = "aws:sns/topicSubscription:TopicSubscription"
)

// topic is an SNS topic with the e-mail addresses that are subscribed to it.
type topic struct {
	arn, name, displayName string
	subscriptions          map[string]*topicSubscription
}

// topicSubscription is an e-mail address that a person has yet to confirm.
type topicSubscription struct {
	arn, endpoint string
	topic         *topic
}

var topicName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

var topicType = define(resourceType{
	token: topicToken, title: "SNS Topic",
	source: "internal/service/sns/topic.go",
	inputs: properties{
		"displayName": {kind: text},
		"name":        {kind: text, replaces: true, computed: true},
	},
	outputs: []string{
		"arn", "beginningArchiveTime", "fifoThroughputScope", "namePrefix", "owner", "policy", "signatureVersion", "tracingConfig",
	},
	refused: []string{
		"applicationFailureFeedbackRoleArn", "applicationSuccessFeedbackRoleArn", "applicationSuccessFeedbackSampleRate", "archivePolicy",
		"contentBasedDeduplication", "deliveryPolicy", "fifoThroughputScope", "fifoTopic", "firehoseFailureFeedbackRoleArn",
		"firehoseSuccessFeedbackRoleArn", "firehoseSuccessFeedbackSampleRate", "httpFailureFeedbackRoleArn", "httpSuccessFeedbackRoleArn",
		"httpSuccessFeedbackSampleRate", "kmsMasterKeyId", "lambdaFailureFeedbackRoleArn", "lambdaSuccessFeedbackRoleArn",
		"lambdaSuccessFeedbackSampleRate", "namePrefix", "policy", "signatureVersion", "sqsFailureFeedbackRoleArn",
		"sqsSuccessFeedbackRoleArn", "sqsSuccessFeedbackSampleRate", "tracingConfig",
	},
	tagged:   true,
	autoname: "name",
}, createTopic, updateTopic, deleteTopic)

func createTopic(t *call) (string, *topic, error) {
	const operation = "CreateTopic"
	p := &topic{name: t.in.text("name"), displayName: t.in.text("displayName"), subscriptions: map[string]*topicSubscription{}}
	if !topicName.MatchString(p.name) {
		return "", nil, refuseSNS(operation, "InvalidParameter", "Invalid parameter: Topic Name")
	}
	if len(p.displayName) > 100 {
		return "", nil, refuseSNS(operation, "InvalidParameter", "Invalid parameter: DisplayName Reason: Value is longer than 100 characters")
	}
	p.arn = t.c.arn("sns", p.name)
	if t.c.topics[p.arn] != nil {
		// SNS would return the existing topic without a word, and two resources would fight over it.
		return "", nil, refuseSNS(operation, "InvalidParameter", "topic %s already exists; SNS would silently return it", p.name)
	}
	t.c.topics[p.arn] = p
	return p.arn, p, nil
}

func updateTopic(t *call, p *topic) error {
	p.displayName = t.in.text("displayName")
	return nil
}

// deleteTopic takes the subscriptions along.
func deleteTopic(t *call, p *topic) error {
	for arn := range p.subscriptions {
		t.c.forget(topicSubscriptionToken, arn)
	}
	delete(t.c.topics, p.arn)
	return nil
}

func (p *topic) attributes(c *Cloud) values {
	return values{
		"arn": p.arn, "name": p.name, "displayName": p.displayName, "owner": c.AccountID(), "namePrefix": "", "beginningArchiveTime": "",
		"fifoThroughputScope": "", "signatureVersion": float64(0), "tracingConfig": "",
		"policy": `{"Version":"2008-10-17","Statement":[{"Sid":"__default_statement_ID","Effect":"Allow","Principal":{"AWS":"*"},` +
			`"Action":["SNS:Publish","SNS:Subscribe"],"Resource":"` + p.arn + `","Condition":{"StringEquals":{"AWS:SourceOwner":"` + c.AccountID() + `"}}}]}`,
	}
}

var topicSubscriptionType = define(resourceType{
	token: topicSubscriptionToken, title: "SNS Topic Subscription",
	source: "internal/service/sns/topic_subscription.go",
	inputs: properties{
		"endpoint": {kind: text, required: true, replaces: true},
		"protocol": {kind: text, required: true, replaces: true, oneOf: []string{"email", "email-json"}},
		"topic":    {kind: text, required: true, replaces: true, valid: validARN},
	},
	outputs: []string{"arn", "confirmationWasAuthenticated", "filterPolicyScope", "ownerId", "pendingConfirmation"},
	refused: []string{
		"confirmationTimeoutInMinutes", "deliveryPolicy", "endpointAutoConfirms", "filterPolicy", "filterPolicyScope", "rawMessageDelivery",
		"redrivePolicy", "replayPolicy", "subscriptionRoleArn",
	},
}, createTopicSubscription, nil, deleteTopicSubscription)

func createTopicSubscription(t *call) (string, *topicSubscription, error) {
	const operation = "Subscribe"
	p := t.c.topics[t.in.text("topic")]
	if p == nil {
		return "", nil, refuseSNS(operation, "NotFound", "Topic does not exist")
	}
	s := &topicSubscription{endpoint: t.in.text("endpoint"), topic: p}
	if address, err := mail.ParseAddress(s.endpoint); err != nil || address.Address != s.endpoint {
		return "", nil, refuseSNS(operation, "InvalidParameter", "Invalid parameter: Email address")
	}
	if slices.ContainsFunc(slices.Collect(maps.Values(p.subscriptions)), func(o *topicSubscription) bool { return o.endpoint == s.endpoint }) {
		return "", nil, refuseSNS(operation, "InvalidParameter", "%s is already subscribed; SNS would silently return the subscription", s.endpoint)
	}
	s.arn = p.arn + ":" + t.c.digits("subscription", t.name, 32)
	p.subscriptions[s.arn] = s
	return s.arn, s, nil
}

func deleteTopicSubscription(_ *call, s *topicSubscription) error {
	delete(s.topic.subscriptions, s.arn)
	return nil
}

func (s *topicSubscription) attributes(c *Cloud) values {
	return values{
		"arn": s.arn, "endpoint": s.endpoint, "topic": s.topic.arn, "ownerId": c.AccountID(), "pendingConfirmation": true,
		"confirmationWasAuthenticated": false, "filterPolicyScope": "",
	}
}

func refuseSNS(operation, code, format string, args ...any) error {
	return refuse("SNS", operation, code, format, args...)
}
