// Package sleep stops the instances of a cluster at night and at weekends, and starts them before work: EventBridge Scheduler of AWS
// does it, outside the cluster.
package sleep

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/scheduler"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/kubeadm"
)

const typeToken = "kubeadm-aws:sleep:Sleep"

const (
	// lead is the time from the start of the first group to the end of the sleep, in minutes.
	lead = 15
	// gap is the time between two groups in minutes. It is shorter than the five minutes after which Kubernetes evicts the pods of
	// a node that does not answer.
	gap = 3
	// maxAge and maxAttempts bound the retries of a call, in seconds: a stop that is an hour late would hit people at work.
	maxAge      = 1800
	maxAttempts = 10
)

// Group are instances that wake together.
type Group struct {
	// Name is part of the names of the group's schedules, e.g. stores.
	Name string `pulumi:"name"`
	// Instances are the instance IDs by node name, at least one.
	Instances map[string]pulumi.StringInput `pulumi:"instances"`
}

// SleepArgs describes when instances are stopped. Hours, Groups and Tag are required.
type SleepArgs struct {
	// Hours are those of a night. From Friday to Monday is one night.
	Hours Hours `pulumi:"hours"`
	// Groups are in the order in which they wake; they are stopped in the reverse order. At most three.
	Groups []Group `pulumi:"groups"`
	// TagKey and TagValue are a tag of all instances: the schedules can stop and start no others.
	TagKey   string `pulumi:"tagKey"`
	TagValue string `pulumi:"tagValue"`
	// KeyARN is the key of KMS that encrypts the volumes; AWS's own when nil. Its policy must admit the role, called like the component.
	KeyARN pulumi.StringInput `pulumi:"keyArn"`
	// Alarms are the names and ARNs of CloudWatch alarms that are silent from the first stop until the end of the sleep.
	Alarms []Alarm `pulumi:"alarms"`
}

// Alarm is an alarm of CloudWatch.
type Alarm struct {
	Name pulumi.StringInput `pulumi:"name"`
	ARN  pulumi.StringInput `pulumi:"arn"`
}

// Sleep is a role with the schedules that use it, in the order of a night: NAME-silence, NAME-sleep-GROUP, NAME-wake-GROUP, and
// NAME-listen.
type Sleep struct {
	pulumi.ResourceState
}

// NewSleep creates the schedules.
func NewSleep(ctx *pulumi.Context, name string, args *SleepArgs, opts ...pulumi.ResourceOption) (*Sleep, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("sleep %s: %w", name, err)
	}
	s := &Sleep{}
	if err := ctx.RegisterComponentResource(typeToken, name, s, opts...); err != nil {
		return nil, fmt.Errorf("sleep %s: %w", name, err)
	}
	if err := s.build(ctx, name, args); err != nil {
		return nil, fmt.Errorf("sleep %s: %w", name, err)
	}
	return s, ctx.RegisterResourceOutputs(s, pulumi.Map{})
}

func (s *Sleep) build(ctx *pulumi.Context, name string, args *SleepArgs) error {
	parent := pulumi.Parent(s)
	role, permission, err := s.role(ctx, name, args)
	if err != nil {
		return err
	}
	for _, one := range args.schedules() {
		list := pulumi.StringArray{}
		for _, value := range one.values {
			list = append(list, value)
		}
		field := one.field
		input := list.ToStringArrayOutput().ApplyT(func(values []string) (string, error) {
			text, err := json.Marshal(map[string][]string{field: values})
			return string(text), err
		}).(pulumi.StringOutput)
		if _, err := scheduler.NewSchedule(ctx, name+"-"+one.name, &scheduler.ScheduleArgs{
			Name: pulumi.String(name + "-" + one.name), Description: pulumi.String(one.purpose),
			ScheduleExpression: pulumi.String(one.at.cron(one.days)), ScheduleExpressionTimezone: pulumi.String(args.Hours.Timezone),
			FlexibleTimeWindow: &scheduler.ScheduleFlexibleTimeWindowArgs{Mode: pulumi.String("OFF")},
			Target: &scheduler.ScheduleTargetArgs{
				Arn: pulumi.String("arn:aws:scheduler:::aws-sdk:" + one.action), RoleArn: role.Arn, Input: input,
				RetryPolicy: &scheduler.ScheduleTargetRetryPolicyArgs{
					MaximumEventAgeInSeconds: pulumi.Int(maxAge), MaximumRetryAttempts: pulumi.Int(maxAttempts),
				},
			},
		}, parent, pulumi.DependsOn([]pulumi.Resource{permission})); err != nil {
			return err
		}
	}
	return nil
}

// role creates the role of the schedules: it stops and starts instances with the tag, and switches the given alarms.
func (s *Sleep) role(ctx *pulumi.Context, name string, args *SleepArgs) (*iam.Role, *iam.RolePolicy, error) {
	parent := pulumi.Parent(s)
	self, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{}, parent)
	if err != nil {
		return nil, nil, fmt.Errorf("read the account: %w", err)
	}
	trust, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
		"Effect": "Allow", "Principal": map[string]string{"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole",
		"Condition": map[string]any{"StringEquals": map[string]string{"aws:SourceAccount": self.AccountId}},
	}}})
	if err != nil {
		return nil, nil, err
	}
	role, err := iam.NewRole(ctx, name, &iam.RoleArgs{
		Name: pulumi.String(name), AssumeRolePolicy: pulumi.String(string(trust)), Description: pulumi.String("EventBridge Scheduler: stops and starts instances"),
	}, parent)
	if err != nil {
		return nil, nil, err
	}
	statements := []kubeadm.Statement{{
		Sid: "Power", Actions: []string{"ec2:StartInstances", "ec2:StopInstances"},
		Resources: pulumi.StringArray{pulumi.String("arn:aws:ec2:*:" + self.AccountId + ":instance/*")},
		Condition: map[string]pulumi.Map{"StringEquals": {"aws:ResourceTag/" + args.TagKey: pulumi.String(args.TagValue)}},
	}}
	if args.KeyARN != nil {
		statements = append(statements, kubeadm.Statement{
			Sid: "Volumes", Actions: []string{"kms:CreateGrant"}, Resources: pulumi.StringArray{args.KeyARN},
			Condition: map[string]pulumi.Map{"Bool": {"kms:GrantIsForAWSResource": pulumi.String("true")}},
		})
	}
	if len(args.Alarms) > 0 {
		alarms := pulumi.StringArray{}
		for _, alarm := range args.Alarms {
			alarms = append(alarms, alarm.ARN)
		}
		statements = append(statements, kubeadm.Statement{
			Sid: "Silence", Actions: []string{"cloudwatch:DisableAlarmActions", "cloudwatch:EnableAlarmActions"}, Resources: alarms,
		})
	}
	permission, err := iam.NewRolePolicy(ctx, name, &iam.RolePolicyArgs{Role: role.Name, Policy: kubeadm.PolicyDocument(statements)}, parent)
	return role, permission, err
}

// call is one call of an API at given times.
type call struct {
	name, purpose, action, field string
	values                       []pulumi.StringInput
	at                           Clock
	days                         string
}

const (
	// workdays are the days that end with a stop and begin with a start. A stack that was woken on a free day is stopped as well.
	workdays = "MON-FRI"
	everyDay = "*"
)

// schedules returns the calls in the order of a night.
func (a *SleepArgs) schedules() []call {
	var calls []call
	var alarms []pulumi.StringInput
	for _, alarm := range a.Alarms {
		alarms = append(alarms, alarm.Name)
	}
	if len(alarms) > 0 {
		calls = append(calls, call{"silence", "alarms while the instances are stopped", "cloudwatch:disableAlarmActions", "AlarmNames", alarms, a.Hours.From, everyDay})
	}
	for i, group := range slices.Backward(a.Groups) {
		after := (len(a.Groups) - 1 - i) * gap
		calls = append(calls, call{"sleep-" + group.Name, "stops " + group.Name, "ec2:stopInstances", "InstanceIds", group.ids(), a.Hours.From.plus(after), everyDay})
	}
	for i, group := range a.Groups {
		calls = append(calls, call{"wake-" + group.Name, "starts " + group.Name, "ec2:startInstances", "InstanceIds", group.ids(), a.Hours.Until.plus(i*gap - lead), workdays})
	}
	if len(alarms) > 0 {
		calls = append(calls, call{"listen", "alarms once the instances run", "cloudwatch:enableAlarmActions", "AlarmNames", alarms, a.Hours.Until, workdays})
	}
	return calls
}

// ids are in the order of the nodes' names.
func (g Group) ids() (ids []pulumi.StringInput) {
	for _, node := range sortedKeys(g.Instances) {
		ids = append(ids, g.Instances[node])
	}
	return ids
}
