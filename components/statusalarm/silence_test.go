package statusalarm

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
)

func silence(t *testing.T, args *SilenceAlarmArgs) (*mocks.Mocks, error) {
	t.Helper()
	cloud := awssim.New(awssim.Options{})
	t.Cleanup(cloud.Close)
	m := mocks.New(cloud)
	return m, pulumi.RunErr(func(ctx *pulumi.Context) error {
		topics, err := NewStatusAlarms(ctx, "lab", &StatusAlarmsArgs{
			Emails: []string{"a@example.com"}, Instances: map[string]pulumi.StringInput{"one": pulumi.String("i-1")},
		})
		if err != nil {
			return err
		}
		if args.Namespace != "" {
			args.TopicARN = topics.TopicARN
		}
		_, err = NewSilenceAlarm(ctx, "beats", args)
		return err
	}, pulumi.WithMocks("project", "stack", m))
}

// Reports that stop are missing data: an alarm that ignored it would never be raised.
func TestNewSilenceAlarm(t *testing.T) {
	m, err := silence(t, &SilenceAlarmArgs{Namespace: "Lab", Metric: "Beat", Dimensions: map[string]string{"Cluster": "one"}, Description: "no beat", Minutes: 15})
	require.NoError(t, err)
	arn := m.One(t, "aws:sns/topic:Topic", "lab").Outputs["arn"].StringValue()
	assert.Equal(t, map[string]any{
		"alarmDescription": "no beat", "namespace": "Lab", "metricName": "Beat", "dimensions": map[string]any{"Cluster": "one"},
		"statistic": "SampleCount", "period": 300.0, "evaluationPeriods": 3.0, "threshold": 1.0, "comparisonOperator": "LessThanThreshold",
		"treatMissingData": "breaching", "alarmActions": []any{arn}, "okActions": []any{arn},
	}, m.One(t, "aws:cloudwatch/metricAlarm:MetricAlarm", "beats").Inputs.Mappable())
}

func TestNewSilenceAlarm_Invalid(t *testing.T) {
	_, err := silence(t, &SilenceAlarmArgs{Minutes: 7})
	for _, want := range []string{"TopicARN: not set", "Metric: \" \" must be", "Minutes: 7 must be a multiple of 5"} {
		assert.ErrorContains(t, err, want)
	}
}
