package cliserver_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
	"github.com/growbin/cluster/internal/testing/realserver"
)

const (
	trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	agent = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ssm:UpdateInstanceInformation","ssmmessages:*"],"Resource":"*"}]}`
	// operator may use what belongs to the cluster lab.
	operator = `{"Version":"2012-10-17","Statement":[
{"Effect":"Allow","Action":["ec2:DescribeInstances","cloudwatch:DescribeAlarms","ssm:GetCommandInvocation"],"Resource":"*"},
{"Effect":"Allow","Action":["ec2:StopInstances","ec2:StartInstances"],"Resource":"arn:aws:ec2:*:*:instance/*","Condition":{"StringEquals":{"aws:ResourceTag/Cluster":"lab"}}},
{"Effect":"Allow","Action":"ssm:SendCommand","Resource":"arn:aws:ssm:*::document/AWS-RunShellScript"},
{"Effect":"Allow","Action":"ssm:SendCommand","Resource":"arn:aws:ec2:*:*:instance/*","Condition":{"StringEquals":{"ssm:resourceTag/Cluster":"lab"}}},
{"Effect":"Allow","Action":["cloudwatch:DisableAlarmActions","cloudwatch:EnableAlarmActions"],"Resource":"arn:aws:cloudwatch:*:*:alarm:lab-*"}]}`
)

// twoClusters has an instance of the cluster lab with the agent of Systems Manager, one without, one of another cluster, and an
// alarm of each cluster.
func twoClusters(ctx *pulumi.Context) error {
	provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String("ap-northeast-2")})
	if err != nil {
		return err
	}
	opts := []pulumi.ResourceOption{pulumi.Provider(provider)}
	vpc, err := ec2.NewVpc(ctx, "net", &ec2.VpcArgs{CidrBlock: pulumi.String("10.0.0.0/16")}, opts...)
	if err != nil {
		return err
	}
	subnet, err := ec2.NewSubnet(ctx, "net", &ec2.SubnetArgs{VpcId: vpc.ID(), CidrBlock: pulumi.String("10.0.0.0/24"), AvailabilityZone: pulumi.String("ap-northeast-2a")}, opts...)
	if err != nil {
		return err
	}
	role, err := iam.NewRole(ctx, "node", &iam.RoleArgs{AssumeRolePolicy: pulumi.String(trust)}, opts...)
	if err != nil {
		return err
	}
	if _, err := iam.NewRolePolicy(ctx, "agent", &iam.RolePolicyArgs{Role: role.Name, Policy: pulumi.String(agent)}, opts...); err != nil {
		return err
	}
	profile, err := iam.NewInstanceProfile(ctx, "node", &iam.InstanceProfileArgs{Role: role.Name}, opts...)
	if err != nil {
		return err
	}
	image, err := ssm.LookupParameter(ctx, &ssm.LookupParameterArgs{
		Name: "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
	}, pulumi.Provider(provider))
	if err != nil {
		return err
	}
	for name, cluster := range map[string]string{"own": "lab", "silent": "lab", "other": "other"} {
		args := &ec2.InstanceArgs{
			Ami: pulumi.String(image.Value), InstanceType: pulumi.String("t3.small"), SubnetId: subnet.ID(),
			Tags: pulumi.StringMap{"Name": pulumi.String(name), "Cluster": pulumi.String(cluster)},
		}
		if name != "silent" {
			args.IamInstanceProfile = profile.Name
		}
		if _, err := ec2.NewInstance(ctx, name, args, opts...); err != nil {
			return err
		}
	}
	for _, cluster := range []string{"lab", "other"} {
		if _, err := cloudwatch.NewMetricAlarm(ctx, cluster, &cloudwatch.MetricAlarmArgs{
			Name: pulumi.String(cluster + "-status"), ComparisonOperator: pulumi.String("GreaterThanThreshold"), EvaluationPeriods: pulumi.Int(1),
			MetricName: pulumi.String("StatusCheckFailed"), Namespace: pulumi.String("AWS/EC2"), Period: pulumi.Int(60),
			Statistic: pulumi.String("Maximum"), Threshold: pulumi.Float64(0),
		}, opts...); err != nil {
			return err
		}
	}
	return nil
}

// The real AWS CLI stops and starts instances, switches alarms and runs commands, each on the caller's own alone.
func TestServer_Operate(t *testing.T) {
	cli := realserver.Binary(t, "aws")
	stopped, started, proceed := make(chan string, 9), make(chan string, 9), make(chan bool)
	cloud := awssim.New(awssim.Options{
		Region: "ap-northeast-2",
		Stop:   func(m *awssim.Machine) { stopped <- m.Name },
		Start:  func(_ context.Context, m *awssim.Machine) { started <- m.Name },
		Command: func(_ context.Context, m *awssim.Machine, command string) (string, error) {
			<-proceed
			if command == "hostname" {
				return m.Name + strings.Repeat("x", 30000), nil
			}
			return "begun", errors.New("there is no " + command)
		},
	})
	run := serve(t, cli, cloud)
	require.NoError(t, pulumi.RunErr(twoClusters, pulumi.WithMocks("project", "stack", mocks.New(cloud))))
	id := map[string]string{}
	for _, m := range cloud.Machines() {
		id[m.Name] = m.ID
	}
	require.NoError(t, cloud.Assume("operator", operator))

	assert.Contains(t, run("ec2", "stop-instances", "--instance-ids", id["own"], id["other"]), "(UnauthorizedOperation)")
	assert.Equal(t, "running", cloud.InstanceStates()["own"], "all of them or none")
	assert.Contains(t, run("ec2", "stop-instances", "--instance-ids", "i-0123456789abcdef0"), "(InvalidInstanceID.NotFound)")
	assert.Empty(t, run("ec2", "stop-instances", "--instance-ids", id["own"]))
	assert.Equal(t, "own", <-stopped)
	state := []string{"ec2", "describe-instances", "--filters", "Name=tag:Name,Values=own", "--query", "Reservations[].Instances[].State.Name"}
	assert.Equal(t, "stopped\n", run(state...))
	send := []string{"ssm", "send-command", "--document-name", "AWS-RunShellScript", "--query", "Command.CommandId", "--instance-ids"}
	assert.Contains(t, run(append(send, id["own"], "--parameters", `{"commands":["hostname"]}`)...), "(InvalidInstanceId)", "one that is stopped runs nothing")
	assert.Contains(t, run("ec2", "start-instances", "--instance-ids", id["other"]), "(UnauthorizedOperation)")
	assert.Empty(t, run("ec2", "start-instances", "--instance-ids", id["own"]))
	assert.Equal(t, "own", <-started)
	assert.Equal(t, "running\n", run(state...))

	assert.Equal(t, "lab-status\n", run("cloudwatch", "describe-alarms", "--alarm-name-prefix", "lab", "--query", "MetricAlarms[].AlarmName"))
	assert.Empty(t, run("cloudwatch", "disable-alarm-actions", "--alarm-names", "lab-status", "none"))
	assert.Contains(t, run("cloudwatch", "disable-alarm-actions", "--alarm-names", "other-status"), "(AccessDenied)")
	assert.Equal(t, map[string]bool{"lab-status": false, "other-status": true}, cloud.AlarmActions())
	assert.Empty(t, run("cloudwatch", "enable-alarm-actions", "--alarm-names", "lab-status"))
	assert.True(t, cloud.AlarmActions()["lab-status"])

	assert.Contains(t, run(append(send, id["other"], "--parameters", `{"commands":["hostname"]}`)...), "(AccessDeniedException)")
	assert.Contains(t, run(append(send, "i-0123456789abcdef0", "--parameters", `{"commands":["hostname"]}`)...), "(AccessDeniedException)", "its tags are unknown")
	assert.Contains(t, run(append(send, id["silent"], "--parameters", `{"commands":["hostname"]}`)...), "(InvalidInstanceId)", "its agent has no rights")
	assert.Contains(t, run("ssm", "send-command", "--document-name", "AWS-RunPatchBaseline", "--instance-ids", id["own"], "--parameters", `{"commands":["x"]}`), "(InvalidDocument)")
	for command, want := range map[string][]string{"hostname": {"Success", "own" + strings.Repeat("x", 23997), ""}, "printer": {"Failed", "begun", "there is no printer"}} {
		sent := strings.TrimSpace(run(append(send, id["own"], "--parameters", `{"commands":["`+command+`"]}`)...))
		result := []string{"ssm", "get-command-invocation", "--command-id", sent, "--instance-id", id["own"], "--query", "[Status,StandardOutputContent,StandardErrorContent]"}
		assert.Equal(t, "InProgress", strings.TrimSpace(run(result...)), command)
		proceed <- true
		require.Eventually(t, func() bool { return !strings.HasPrefix(run(result...), "InProgress") }, time.Minute, time.Millisecond)
		assert.Equal(t, want, strings.Split(strings.TrimSuffix(run(result...), "\n"), "\t"), command)
		assert.Contains(t, run("ssm", "get-command-invocation", "--command-id", sent, "--instance-id", id["other"]), "(InvocationDoesNotExist)")
	}
	require.NoError(t, cloud.Assume("reader", reader))
	assert.Contains(t, run(append(send, id["own"], "--parameters", `{"commands":["hostname"]}`)...), "(AccessDeniedException)")
	assert.Contains(t, run("ssm", "get-command-invocation", "--command-id", strings.Repeat("0", 36), "--instance-id", id["own"]), "(AccessDeniedException)")
}
