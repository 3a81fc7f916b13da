package awssim

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// statusAlarm is an alarm on an instance that notifies a topic.
func statusAlarm(topic string, changes values) values {
	in := values{
		"namespace": "AWS/EC2", "metricName": "StatusCheckFailed", "statistic": "Maximum", "period": 60.0, "evaluationPeriods": 3.0,
		"threshold": 1.0, "comparisonOperator": "GreaterThanOrEqualToThreshold", "dimensions": values{"InstanceId": "i-1"},
		"alarmActions": []any{topic},
	}
	for name, value := range changes {
		in[name] = value
	}
	return in
}

func TestMetricAlarm_Refusals(t *testing.T) {
	w := build(t, Options{})
	topic := w.make(topicToken, "t", values{})
	id := w.make(metricAlarmToken, "a", statusAlarm(topic, values{"name": "a"}))
	for _, tt := range []struct {
		changes values
		want    string
	}{
		{values{"alarmActions": []any{topic + "x"}}, "does not exist"},
		{values{"okActions": []any{"mail"}}, "Invalid arn syntax"},
		{values{"okActions": []any{"arn:aws:a:b::1", "arn:aws:a:b::2", "arn:aws:a:b::3", "arn:aws:a:b::4", "arn:aws:a:b::5", "arn:aws:a:b::6"}}, "less than or equal to 5"},
		{values{"datapointsToAlarm": 4.0}, "smaller than or equal to EvaluationPeriods"},
	} {
		tt.changes["name"] = "a"
		w.refused(w.change(metricAlarmToken, id, statusAlarm(topic, tt.changes)), "ValidationError", tt.want)
	}
	_, err := w.try(metricAlarmToken, "b", statusAlarm(topic, values{"name": "a"}))
	w.refused(err, "ValidationError", "silently overwrite")
	require.NoError(t, w.change(metricAlarmToken, id, statusAlarm(topic, values{"name": "a", "dimensions": values{"InstanceId": "i-2"}})))
	assert.Equal(t, "i-2", w.read(metricAlarmToken, id).textMap("dimensions")["InstanceId"])
	require.NoError(t, w.remove(metricAlarmToken, id))
	w.make(metricAlarmToken, "a", statusAlarm(topic, values{"name": "a"}))
}

func TestTopic_Refusals(t *testing.T) {
	w := build(t, Options{})
	topic := w.make(topicToken, "t", values{"name": "t"})
	_, err := w.try(topicToken, "again", values{"name": "t"})
	w.refused(err, "InvalidParameter", "already exists")
	_, err = w.try(topicToken, "name", values{"name": "a b"})
	w.refused(err, "InvalidParameter", "Topic Name")
	email := func(to string) values { return values{"topic": topic, "protocol": "email", "endpoint": to} }
	s := w.make(topicSubscriptionToken, "s", email("a@example.com"))
	assert.True(t, w.read(topicSubscriptionToken, s).flag("pendingConfirmation"))
	_, err = w.try(topicSubscriptionToken, "again", email("a@example.com"))
	w.refused(err, "InvalidParameter", "already subscribed")
	_, err = w.try(topicSubscriptionToken, "form", email("nobody"))
	w.refused(err, "InvalidParameter", "Email address")
	_, err = w.try(topicSubscriptionToken, "topic", values{"topic": topic + "x", "protocol": "email", "endpoint": "a@example.com"})
	w.refused(err, "NotFound", "does not exist")
	require.NoError(t, w.remove(topicToken, topic))
	assert.Empty(t, w.c.objects[topicSubscriptionToken], "subscriptions go with their topic")
}
