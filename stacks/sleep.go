package stacks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/components/sleep"
)

// timezone is that of the people who work with the stacks.
const timezone = "Asia/Seoul"

// protectedSleep begins the value of the setting sleep of a stack with deletionProtection.
const protectedSleep = "protected "

// Groups of a stack that wakes, in their order.
const (
	wakesFirst = "stores"
	wakesLast  = "rest"
)

// readSleep decodes the setting sleep; nil if the stack never sleeps.
func readSleep(r *settingsReader, protected bool) *sleep.Hours {
	const must = `must be the hours of a night, e.g. 20:00-08:00, or empty`
	value := r.optional("sleep")
	text, meant := strings.CutPrefix(value, protectedSleep)
	if value == "" {
		return nil
	}
	evening, morning, ok := strings.Cut(text, "-")
	from, fromErr := sleep.ParseClock(evening)
	until, untilErr := sleep.ParseClock(morning)
	if !ok || fromErr != nil || untilErr != nil {
		r.invalid("sleep", value, must)
		return nil
	}
	hours := &sleep.Hours{From: from, Until: until, Timezone: timezone}
	if err := hours.Validate(); err != nil {
		r.invalid("sleep", value, must+": %s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	if protected && !meant {
		r.invalid("sleep", value, "must be empty with deletionProtection: users would find nothing at night. If that is meant, write %q", protectedSleep+value)
	}
	return hours
}

// sleepName is the name of the schedules of a night and of their role.
func (s *Settings) sleepName() string { return s.ClusterName() + "-night" }

// WakeOrder returns the names of the nodes by group, in the order in which they start: the control plane and the stores, then
// everything that needs them. Monitoring is last, and stops first, so that it sees no other node stop.
func (s *Settings) WakeOrder() [][]string {
	groups := [][]string{nil, nil}
	// A surge instance lives for minutes, beside one that sleeps.
	for _, n := range s.Nodes {
		last := 0
		if n.DataGiB == 0 || n.Name == nodeMonitoring {
			last = 1
		}
		groups[last] = append(groups[last], n.Name)
	}
	return groups
}

// sleepArgs returns the schedules of a night.
func (s *Settings) sleepArgs(i *infrastructure) *sleep.SleepArgs {
	args := &sleep.SleepArgs{Hours: *s.Sleep, TagKey: clusterTag, TagValue: s.ClusterName(), KeyARN: i.key.ARN}
	for g, nodes := range s.WakeOrder() {
		group := sleep.Group{Name: []string{wakesFirst, wakesLast}[g], Instances: map[string]pulumi.StringInput{}}
		for _, node := range nodes {
			group.Instances[node] = i.Instances[node].InstanceID
		}
		args.Groups = append(args.Groups, group)
	}
	if i.alarms != nil {
		for _, alarm := range i.alarms.Alarms {
			args.Alarms = append(args.Alarms, sleep.Alarm{Name: alarm.Name, ARN: alarm.Arn})
		}
	}
	return args
}

// newSleep lets AWS stop the stack at night.
func newSleep(ctx *pulumi.Context, s *Settings, i *infrastructure, provider *aws.Provider) error {
	if s.Sleep == nil {
		return nil
	}
	_, err := sleep.NewSleep(ctx, s.sleepName(), s.sleepArgs(i), pulumi.Provider(provider))
	return err
}

// quietTimes are those in which nobody is told of alerts: the nights, and the minutes in which the stack wakes.
func (s *Settings) quietTimes() []monitoring.Quiet {
	if s.Sleep == nil {
		return nil
	}
	return []monitoring.Quiet{
		{Start: s.Sleep.From.String(), End: "24:00", Timezone: s.Sleep.Timezone},
		{Start: "00:00", End: s.Sleep.Until.String(), Timezone: s.Sleep.Timezone},
		{Weekdays: []string{"saturday", "sunday"}, Timezone: s.Sleep.Timezone},
	}
}

// checkAwake refuses an update, and a preview, of a stack whose instances are stopped: no API server would answer.
func checkAwake(ctx *pulumi.Context, s *Settings, via pulumi.InvokeOption) error {
	stopped := func(tags map[string]string) (int, error) {
		tags[clusterTag] = s.ClusterName()
		found, err := ec2.GetInstances(ctx, &ec2.GetInstancesArgs{InstanceTags: tags, InstanceStateNames: []string{"stopping", "stopped"}}, via)
		if err != nil {
			return 0, fmt.Errorf("find out whether the stack is asleep: %w", err)
		}
		return len(found.Ids), nil
	}
	// One call for a stack that is awake. The names take a call each.
	if count, err := stopped(map[string]string{}); err != nil || count == 0 {
		return err
	}
	var asleep []string
	for _, n := range s.nodesWithSurge() {
		count, err := stopped(map[string]string{"Name": n.Name})
		if err != nil {
			return err
		}
		if count > 0 {
			asleep = append(asleep, n.Name)
		}
	}
	if len(asleep) == 0 {
		return nil
	}
	slices.Sort(asleep)
	return fmt.Errorf("stack %q is asleep: %d of %d instances are stopped (%s); nothing was changed. Wake it with growbin wake -s %s, then repeat this",
		s.Stack, len(asleep), len(s.Nodes), strings.Join(asleep, ", "), s.Stack)
}
