package network

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// FlowLogDays are the retention periods of a flow log in days that CloudWatch Logs knows, up to ten years.
var FlowLogDays = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// trustFlowLogs lets the service that delivers the records assume the role.
const trustFlowLogs = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"vpc-flow-logs.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// flowLog records who connected to whom, accepted or not, every ten minutes. It records no content.
func (b *builder) flowLog() error {
	if b.args.FlowLogDays == 0 {
		return nil
	}
	name := b.name + "-flow-log"
	group, err := cloudwatch.NewLogGroup(b.ctx, name, &cloudwatch.LogGroupArgs{
		Name: pulumi.String(name), RetentionInDays: pulumi.Int(b.args.FlowLogDays),
	}, b.parent())
	if err != nil {
		return err
	}
	role, err := iam.NewRole(b.ctx, name, &iam.RoleArgs{
		Name: pulumi.String(name), AssumeRolePolicy: pulumi.String(trustFlowLogs), Description: pulumi.String("Flow log of the VPC"),
	}, b.parent())
	if err != nil {
		return err
	}
	policy, err := iam.NewRolePolicy(b.ctx, name, &iam.RolePolicyArgs{
		Role: role.Name,
		Policy: pulumi.JSONMarshal(pulumi.Map{"Version": pulumi.String("2012-10-17"), "Statement": pulumi.Array{pulumi.Map{
			"Effect":   pulumi.String("Allow"),
			"Action":   pulumi.ToStringArray([]string{"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"}),
			"Resource": pulumi.Sprintf("%s:*", group.Arn),
		}}}),
	}, b.parent())
	if err != nil {
		return err
	}
	_, err = ec2.NewFlowLog(b.ctx, name, &ec2.FlowLogArgs{
		VpcId: b.vpc.ID, TrafficType: pulumi.String("ALL"), LogDestination: group.Arn, IamRoleArn: role.Arn, Tags: b.tags("-flow-log"),
	}, b.parent(), pulumi.DependsOn([]pulumi.Resource{policy}))
	return err
}
