package statusalarm

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/validation"
)

// silencePeriod is the time in minutes in which at least one report must arrive.
const silencePeriod = 5

// SilenceAlarmArgs describes an alarm on a metric whose reports stop.
type SilenceAlarmArgs struct {
	// TopicARN is the topic that is notified, e.g. StatusAlarms.TopicARN.
	TopicARN pulumi.StringInput `pulumi:"topicArn"`
	// Namespace, Metric and Dimensions name the metric.
	Namespace  string            `pulumi:"namespace"`
	Metric     string            `pulumi:"metric"`
	Dimensions map[string]string `pulumi:"dimensions"`
	// Description is the text of the notification.
	Description string `pulumi:"description"`
	// Minutes without a report raise the alarm, a multiple of 5.
	Minutes int `pulumi:"minutes"`
}

// NewSilenceAlarm creates the alarm. Silence is what it is about, so missing data raises it.
func NewSilenceAlarm(ctx *pulumi.Context, name string, args *SilenceAlarmArgs, opts ...pulumi.ResourceOption) (*cloudwatch.MetricAlarm, error) {
	var problems validation.Problems
	if args.TopicARN == nil {
		problems.NotSet("TopicARN", "must be a topic that people have subscribed to")
	}
	if args.Namespace == "" || args.Metric == "" {
		problems.Add("Metric", args.Namespace+" "+args.Metric, "must be the namespace and the name of a metric")
	}
	if args.Minutes < silencePeriod || args.Minutes%silencePeriod != 0 {
		problems.Add("Minutes", args.Minutes, "must be a multiple of %d", silencePeriod)
	}
	if err := problems.Err(); err != nil {
		return nil, fmt.Errorf("silence alarm %s: %w", name, err)
	}
	return cloudwatch.NewMetricAlarm(ctx, name, &cloudwatch.MetricAlarmArgs{
		AlarmDescription: pulumi.String(args.Description),
		Namespace:        pulumi.String(args.Namespace), MetricName: pulumi.String(args.Metric), Dimensions: pulumi.ToStringMap(args.Dimensions),
		Statistic: pulumi.String("SampleCount"), Period: pulumi.Int(silencePeriod * 60), EvaluationPeriods: pulumi.Int(args.Minutes / silencePeriod),
		Threshold: pulumi.Float64(1), ComparisonOperator: pulumi.String("LessThanThreshold"), TreatMissingData: pulumi.String("breaching"),
		AlarmActions: pulumi.Array{args.TopicARN}, OkActions: pulumi.Array{args.TopicARN},
	}, opts...)
}
