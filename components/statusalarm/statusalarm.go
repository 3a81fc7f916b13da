// Package statusalarm notifies people by e-mail when an instance fails its status checks. CloudWatch makes the checks from outside
// the cluster: it notices the loss of the nodes on which the cluster's own alerts depend.
package statusalarm

import (
	"fmt"
	"maps"
	"net/mail"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/validation"
)

const typeToken = "kubeadm-aws:statusalarm:StatusAlarms"

// minutes is the number of failed checks, one a minute, after which an alarm is raised. A reboot takes less.
const minutes = 3

// StatusAlarmsArgs describes alarms on instances.
type StatusAlarmsArgs struct {
	// Emails are the addresses that are notified, at least one. AWS first asks each to confirm.
	Emails []string `pulumi:"emails"`
	// Instances are the instance IDs by node name, at least one.
	Instances map[string]pulumi.StringInput `pulumi:"instances"`
	// Certificates are the ARNs of certificates of ACM by domain. ACM renews one 60 days before its end; an alarm is raised 30 days
	// before.
	Certificates map[string]pulumi.StringInput `pulumi:"certificates"`
}

// certificateDays is the rest of a certificate's time in days at which its alarm is raised.
const certificateDays = 30

// StatusAlarms are a topic with its subscriptions, and an alarm per instance.
type StatusAlarms struct {
	pulumi.ResourceState

	// TopicARN is the topic to which the alarms are sent.
	TopicARN pulumi.StringOutput `pulumi:"topicArn"`
	// Alarms are in the order of the nodes' names.
	Alarms []*cloudwatch.MetricAlarm `pulumi:"alarms"`
}

// Validate returns all problems of the arguments, joined.
func (a *StatusAlarmsArgs) Validate() error {
	var problems validation.Problems
	if len(a.Emails) == 0 {
		problems.NotSet("Emails", "must hold at least one e-mail address")
	}
	for i, email := range a.Emails {
		if address, err := mail.ParseAddress(email); err != nil || address.Address != email {
			problems.Add("Emails", email, "must be an e-mail address, e.g. team@example.com")
		} else if slices.Contains(a.Emails[:i], email) {
			problems.Add("Emails", email, "must be named once")
		}
	}
	if len(a.Instances) == 0 {
		problems.NotSet("Instances", "must hold at least one instance")
	}
	return problems.Err()
}

// NewStatusAlarms creates the topic, its subscriptions and the alarms.
func NewStatusAlarms(ctx *pulumi.Context, name string, args *StatusAlarmsArgs, opts ...pulumi.ResourceOption) (*StatusAlarms, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("status alarms %s: %w", name, err)
	}
	s := &StatusAlarms{}
	if err := ctx.RegisterComponentResource(typeToken, name, s, opts...); err != nil {
		return nil, fmt.Errorf("status alarms %s: %w", name, err)
	}
	if err := s.build(ctx, name, args); err != nil {
		return nil, fmt.Errorf("status alarms %s: %w", name, err)
	}
	return s, ctx.RegisterResourceOutputs(s, pulumi.Map{"topicArn": s.TopicARN})
}

func (s *StatusAlarms) build(ctx *pulumi.Context, name string, args *StatusAlarmsArgs) error {
	parent := pulumi.Parent(s)
	// Not encrypted: CloudWatch cannot publish to a topic with the key of AWS, and an alarm holds no secret.
	topic, err := sns.NewTopic(ctx, name, &sns.TopicArgs{DisplayName: pulumi.String(name)}, parent)
	if err != nil {
		return err
	}
	s.TopicARN = topic.Arn
	for _, email := range args.Emails {
		if _, err := sns.NewTopicSubscription(ctx, name+"-"+email, &sns.TopicSubscriptionArgs{
			Topic: topic.Arn, Protocol: pulumi.String("email"), Endpoint: pulumi.String(email),
		}, parent); err != nil {
			return err
		}
	}
	for _, node := range slices.Sorted(maps.Keys(args.Instances)) {
		alarm, err := cloudwatch.NewMetricAlarm(ctx, name+"-"+node, &cloudwatch.MetricAlarmArgs{
			AlarmDescription: pulumi.Sprintf("%s fails its status checks, or was stopped or terminated", node),
			Namespace:        pulumi.String("AWS/EC2"), MetricName: pulumi.String("StatusCheckFailed"),
			Dimensions: pulumi.StringMap{"InstanceId": args.Instances[node]}, Statistic: pulumi.String("Maximum"),
			Period: pulumi.Int(60), EvaluationPeriods: pulumi.Int(minutes), Threshold: pulumi.Float64(1),
			ComparisonOperator: pulumi.String("GreaterThanOrEqualToThreshold"),
			// A stopped or terminated instance has no checks.
			TreatMissingData: pulumi.String("breaching"),
			AlarmActions:     pulumi.Array{topic.Arn}, OkActions: pulumi.Array{topic.Arn},
		}, parent)
		if err != nil {
			return err
		}
		s.Alarms = append(s.Alarms, alarm)
	}
	for _, domain := range slices.Sorted(maps.Keys(args.Certificates)) {
		arn := args.Certificates[domain]
		if _, err := cloudwatch.NewMetricAlarm(ctx, name+"-certificate-"+domain, &cloudwatch.MetricAlarmArgs{
			AlarmDescription: pulumi.Sprintf("the certificate of %s ends in less than %d days, and AWS has not renewed it", domain, certificateDays),
			Namespace:        pulumi.String("AWS/CertificateManager"), MetricName: pulumi.String("DaysToExpiry"),
			Dimensions: pulumi.StringMap{"CertificateArn": arn}, Statistic: pulumi.String("Minimum"),
			// ACM reports twice a day.
			Period: pulumi.Int(24 * 3600), EvaluationPeriods: pulumi.Int(1), Threshold: pulumi.Float64(certificateDays),
			ComparisonOperator: pulumi.String("LessThanThreshold"), TreatMissingData: pulumi.String("ignore"),
			AlarmActions: pulumi.Array{topic.Arn}, OkActions: pulumi.Array{topic.Arn},
		}, parent); err != nil {
			return err
		}
	}
	return nil
}
