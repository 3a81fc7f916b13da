package sleep

import (
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/mocks"
)

var night = Hours{From: 20 * 60, Until: 8 * 60, Timezone: "Asia/Seoul"}

// deploy makes three machines, one of them without the tag, an alarm, and the schedules of the first two.
func deploy(t *testing.T, change func(*SleepArgs)) (*awssim.Cloud, *mocks.Mocks, error) {
	t.Helper()
	cloud := awssim.New(awssim.Options{})
	t.Cleanup(cloud.Close)
	m := mocks.New(cloud)
	return cloud, m, pulumi.RunErr(func(ctx *pulumi.Context) error {
		ids, err := machines(ctx)
		if err != nil {
			return err
		}
		alarm, err := cloudwatch.NewMetricAlarm(ctx, "alarm", &cloudwatch.MetricAlarmArgs{
			Namespace: pulumi.String("AWS/EC2"), MetricName: pulumi.String("StatusCheckFailed"), Statistic: pulumi.String("Maximum"), Period: pulumi.Int(60),
			EvaluationPeriods: pulumi.Int(3), Threshold: pulumi.Float64(1), ComparisonOperator: pulumi.String("GreaterThanOrEqualToThreshold"),
		})
		if err != nil {
			return err
		}
		args := &SleepArgs{
			Hours: night, TagKey: "Cluster", TagValue: "lab", Alarms: []Alarm{{alarm.Name, alarm.Arn}},
			Groups: []Group{{"first", map[string]pulumi.StringInput{"cp": ids["cp"]}}, {"rest", map[string]pulumi.StringInput{"worker": ids["worker"]}}},
		}
		change(args)
		_, err = NewSleep(ctx, "lab-night", args)
		return err
	}, pulumi.WithMocks("project", "stack", m))
}

func machines(ctx *pulumi.Context) (map[string]pulumi.StringInput, error) {
	vpc, err := ec2.NewVpc(ctx, "net", &ec2.VpcArgs{CidrBlock: pulumi.String("10.0.0.0/16")})
	if err != nil {
		return nil, err
	}
	subnet, err := ec2.NewSubnet(ctx, "net", &ec2.SubnetArgs{
		VpcId: vpc.ID(), CidrBlock: pulumi.String("10.0.0.0/24"), AvailabilityZone: pulumi.String("ap-northeast-2a"),
	})
	if err != nil {
		return nil, err
	}
	image, err := ssm.LookupParameter(ctx, &ssm.LookupParameterArgs{Name: "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"})
	if err != nil {
		return nil, err
	}
	ids := map[string]pulumi.StringInput{}
	for name, cluster := range map[string]string{"cp": "lab", "worker": "lab", "stranger": "other"} {
		machine, err := ec2.NewInstance(ctx, name, &ec2.InstanceArgs{
			Ami: pulumi.String(image.Value), InstanceType: pulumi.String("t3.small"), SubnetId: subnet.ID(),
			Tags: pulumi.StringMap{"Name": pulumi.String(name), "Cluster": pulumi.String(cluster)},
		})
		if err != nil {
			return nil, err
		}
		ids[name] = machine.ID()
	}
	return ids, nil
}

// A night stops the last group first and wakes the first group first, with alarms silent in between.
func TestNewSleep_ANight(t *testing.T) {
	cloud, m, err := deploy(t, func(*SleepArgs) {})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{
		"lab-night-silence": "cron(0 20 ? * * *)", "lab-night-sleep-rest": "cron(0 20 ? * * *)", "lab-night-sleep-first": "cron(3 20 ? * * *)",
		"lab-night-wake-first": "cron(45 7 ? * MON-FRI *)", "lab-night-wake-rest": "cron(48 7 ? * MON-FRI *)", "lab-night-listen": "cron(0 8 ? * MON-FRI *)",
	}, cloud.Schedules())
	for _, s := range m.OfType("aws:scheduler/schedule:Schedule") {
		assert.Equal(t, "Asia/Seoul", s.Value("scheduleExpressionTimezone"), s.Name)
	}
	states := []string{}
	for _, name := range []string{"silence", "sleep-rest", "sleep-first", "wake-first", "wake-rest", "listen"} {
		require.NoError(t, cloud.RunSchedule("lab-night-"+name))
		is := cloud.InstanceStates()
		assert.Equal(t, "running", is["stranger"])
		states = append(states, name+": "+is["cp"]+" "+is["worker"])
		for _, enabled := range cloud.AlarmActions() {
			assert.Equal(t, name == "listen", enabled, name)
		}
	}
	assert.Equal(t, []string{
		"silence: running running", "sleep-rest: running stopped", "sleep-first: stopped stopped",
		"wake-first: running stopped", "wake-rest: running running", "listen: running running",
	}, states)
}

// An instance without the tag cannot be stopped, whoever names it.
func TestNewSleep_OnlyTheTag(t *testing.T) {
	cloud, _, err := deploy(t, func(args *SleepArgs) {
		args.TagValue, args.Alarms = "another", nil
	})
	require.NoError(t, err)
	assert.NotContains(t, cloud.Schedules(), "lab-night-silence")
	assert.ErrorContains(t, cloud.RunSchedule("lab-night-sleep-rest"), "UnauthorizedOperation")
}

func TestSleepArgs_Invalid(t *testing.T) {
	args := &SleepArgs{Hours: Hours{From: 5, Until: 6 * 60, Timezone: "Mars"}, Groups: []Group{{Name: "A"}, {Name: "A"}}}
	err := args.Validate()
	for _, want := range []string{
		"Hours.Until: 06:00 must be 01:00 or later, and at least an hour before From, 00:05", "Hours.Timezone: \"Mars\" must be an IANA time zone",
		"Groups[0].Name: \"A\" must be lower-case", "Groups[1].Instances: not set", "TagKey: not set",
	} {
		assert.ErrorContains(t, err, want)
	}
	assert.ErrorContains(t, (&SleepArgs{Hours: Hours{From: 23*60 + 30, Until: 480, Timezone: "UTC"}}).Validate(), "From: 23:30 must be 23:00 or earlier")
	_, m, err := deploy(t, func(args *SleepArgs) { args.Groups = nil })
	require.ErrorContains(t, err, "Groups: 0 must be 1 to 3 groups")
	assert.Empty(t, m.OfType(typeToken))
}

func TestHours(t *testing.T) {
	assert.InDelta(t, 5*12.25/168, night.Awake(), 1e-9)
	for text, want := range map[string]Clock{"08:30": 510, "00:00": 0, "23:59": 1439} {
		at, err := ParseClock(text)
		require.NoError(t, err)
		assert.Equal(t, want, at)
		assert.Equal(t, text, at.String())
	}
	for _, text := range []string{"8:30", "24:00", "08:60", "", "08:30:00"} {
		_, err := ParseClock(text)
		assert.Error(t, err, text)
	}
}
