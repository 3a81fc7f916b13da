// Package snapshots takes snapshots of tagged EBS volumes on a schedule, outside the cluster: Data Lifecycle Manager of AWS does it.
package snapshots

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dlm"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/instance"
	"github.com/growbin/cluster/components/validation"
)

const typeToken = "kubeadm-aws:snapshots:Snapshots"

const (
	// servicePolicy is AWS's own policy for the role.
	servicePolicy = "arn:aws:iam::aws:policy/service-role/AWSDataLifecycleManagerServiceRole"
	// trust lets the service assume the role.
	trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"dlm.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	// firstRun is the time of the first snapshot of a day, UTC: 03:45 in Korea, after the nightly dumps.
	firstRun = "18:45"
	// maxDays is the limit of KeepDays.
	maxDays = 3650
)

// Hours are the intervals that the service knows.
var Hours = []int{1, 2, 3, 4, 6, 8, 12, 24}

// SnapshotsArgs describes a schedule. All fields are required.
type SnapshotsArgs struct {
	// Group selects the volumes, by InstanceArgs.SnapshotGroup.
	Group string `pulumi:"group"`
	// Hours is the interval between two snapshots of a volume, one of Hours.
	Hours int `pulumi:"hours"`
	// KeepDays is the age in days at which a snapshot is deleted, 1 to 3650. The last one of a lost volume is kept.
	KeepDays int `pulumi:"keepDays"`
}

// Snapshots is a policy with its role. Its snapshots outlive it.
type Snapshots struct {
	pulumi.ResourceState
}

// NewSnapshots creates the policy. A snapshot has the tags of its volume.
func NewSnapshots(ctx *pulumi.Context, name string, args *SnapshotsArgs, opts ...pulumi.ResourceOption) (*Snapshots, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("snapshots %s: %w", name, err)
	}
	s := &Snapshots{}
	if err := ctx.RegisterComponentResource(typeToken, name, s, opts...); err != nil {
		return nil, fmt.Errorf("snapshots %s: %w", name, err)
	}
	if err := s.build(ctx, name, args); err != nil {
		return nil, fmt.Errorf("snapshots %s: %w", name, err)
	}
	return s, ctx.RegisterResourceOutputs(s, pulumi.Map{})
}

func (s *Snapshots) build(ctx *pulumi.Context, name string, args *SnapshotsArgs) error {
	parent := pulumi.Parent(s)
	role, err := iam.NewRole(ctx, name, &iam.RoleArgs{
		Name: pulumi.String(name), AssumeRolePolicy: pulumi.String(trust), Description: pulumi.String("Data Lifecycle Manager: snapshots of data volumes"),
	}, parent)
	if err != nil {
		return err
	}
	attached, err := iam.NewRolePolicyAttachment(ctx, name, &iam.RolePolicyAttachmentArgs{
		Role: role.Name, PolicyArn: pulumi.String(servicePolicy),
	}, parent)
	if err != nil {
		return err
	}
	_, err = dlm.NewLifecyclePolicy(ctx, name, &dlm.LifecyclePolicyArgs{
		Description: pulumi.String(name), ExecutionRoleArn: role.Arn,
		PolicyDetails: &dlm.LifecyclePolicyPolicyDetailsArgs{
			ResourceTypes: pulumi.StringArray{pulumi.String("VOLUME")},
			TargetTags:    pulumi.StringMap{instance.SnapshotTag: pulumi.String(args.Group)},
			Schedules: dlm.LifecyclePolicyPolicyDetailsScheduleArray{&dlm.LifecyclePolicyPolicyDetailsScheduleArgs{
				Name: pulumi.Sprintf("every %d hours", args.Hours),
				// A volume is found again by its name.
				CopyTags: pulumi.Bool(true),
				CreateRule: &dlm.LifecyclePolicyPolicyDetailsScheduleCreateRuleArgs{
					Interval: pulumi.Int(args.Hours), IntervalUnit: pulumi.String("HOURS"), Times: pulumi.String(firstRun),
				},
				RetainRule: &dlm.LifecyclePolicyPolicyDetailsScheduleRetainRuleArgs{
					Interval: pulumi.Int(args.KeepDays), IntervalUnit: pulumi.String("DAYS"),
				},
			}},
		},
	}, parent, pulumi.DependsOn([]pulumi.Resource{attached}))
	return err
}

// Validate returns all problems of the arguments, joined.
func (a *SnapshotsArgs) Validate() error {
	var problems validation.Problems
	if a.Group == "" {
		problems.NotSet("Group", "must be the snapshot group of the volumes")
	}
	if !slices.Contains(Hours, a.Hours) {
		problems.Add("Hours", a.Hours, "must be one of %v", Hours)
	}
	if a.KeepDays < 1 || a.KeepDays > maxDays {
		problems.Add("KeepDays", a.KeepDays, "must be 1 to %d", maxDays)
	}
	return problems.Err()
}
