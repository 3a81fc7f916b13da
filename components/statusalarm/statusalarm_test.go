package statusalarm

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
)

func deploy(t *testing.T, args *StatusAlarmsArgs) (*mocks.Mocks, error) {
	t.Helper()
	cloud := awssim.New(awssim.Options{})
	t.Cleanup(cloud.Close)
	m := mocks.New(cloud)
	return m, pulumi.RunErr(func(ctx *pulumi.Context) error {
		_, err := NewStatusAlarms(ctx, "lab", args)
		return err
	}, pulumi.WithMocks("project", "stack", m))
}

// A lost instance reports nothing any more: that must raise the alarm, too.
func TestNewStatusAlarms(t *testing.T) {
	m, err := deploy(t, &StatusAlarmsArgs{
		Emails:    []string{"a@example.com", "b@example.com"},
		Instances: map[string]pulumi.StringInput{"master": pulumi.String("i-1"), "watch": pulumi.String("i-2")},
	})
	require.NoError(t, err)
	topic := m.One(t, "aws:sns/topic:Topic", "lab")
	arn := topic.Outputs["arn"].StringValue()
	var emails []string
	for _, s := range m.OfType("aws:sns/topicSubscription:TopicSubscription") {
		assert.Equal(t, []string{"email", arn}, []string{s.Inputs["protocol"].StringValue(), s.Inputs["topic"].StringValue()})
		emails = append(emails, s.Inputs["endpoint"].StringValue())
	}
	assert.ElementsMatch(t, []string{"a@example.com", "b@example.com"}, emails)
	require.Len(t, m.OfType("aws:cloudwatch/metricAlarm:MetricAlarm"), 2)
	for node, id := range map[string]string{"master": "i-1", "watch": "i-2"} {
		alarm := m.One(t, "aws:cloudwatch/metricAlarm:MetricAlarm", "lab-"+node)
		assert.Equal(t, map[string]any{
			"alarmDescription": node + " fails its status checks, or was stopped or terminated",
			"namespace":        "AWS/EC2", "metricName": "StatusCheckFailed", "dimensions": map[string]any{"InstanceId": id},
			"statistic": "Maximum", "period": 60.0, "evaluationPeriods": 3.0, "threshold": 1.0,
			"comparisonOperator": "GreaterThanOrEqualToThreshold", "treatMissingData": "breaching",
			"alarmActions": []any{arn}, "okActions": []any{arn},
		}, alarm.Inputs.Mappable())
	}
}

func TestNewStatusAlarms_Certificate(t *testing.T) {
	const arn = "arn:aws:acm:ap-northeast-2:000000000000:certificate/one"
	m, err := deploy(t, &StatusAlarmsArgs{
		Emails: []string{"a@example.com"}, Instances: map[string]pulumi.StringInput{"master": pulumi.String("i-1")},
		Certificates: map[string]pulumi.StringInput{"example.com": pulumi.String(arn)},
	})
	require.NoError(t, err)
	alarm := m.One(t, "aws:cloudwatch/metricAlarm:MetricAlarm", "lab-certificate-example.com").Inputs.Mappable()
	assert.Equal(t, map[string]any{"CertificateArn": arn}, alarm["dimensions"])
	assert.Equal(t, []any{"DaysToExpiry", "LessThanThreshold", 30.0, "ignore"},
		[]any{alarm["metricName"], alarm["comparisonOperator"], alarm["threshold"], alarm["treatMissingData"]})
}

func TestNewStatusAlarms_Invalid(t *testing.T) {
	for want, args := range map[string]*StatusAlarmsArgs{
		"Emails: not set":    {Instances: map[string]pulumi.StringInput{"a": pulumi.String("i-1")}},
		"Instances: not set": {Emails: []string{"a@example.com"}},
		`Emails: "Kim <a@example.com>" must be an e-mail address`: {Emails: []string{"Kim <a@example.com>"}},
		`Emails: "a@example.com" must be named once`:              {Emails: []string{"a@example.com", "a@example.com"}},
	} {
		m, err := deploy(t, args)
		assert.ErrorContains(t, err, want)
		assert.Empty(t, m.All())
	}
}
