package awssim

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const trustScheduler = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"scheduler.amazonaws.com"},"Action":"sts:AssumeRole",` +
	`"Condition":{"StringEquals":{"aws:SourceAccount":"000000000000"}}}]}`

// scheduled is a schedule on working days that calls an action.
func scheduled(role, action, input string) values {
	return values{
		"scheduleExpression": "cron(0 20 ? * MON-FRI *)", "scheduleExpressionTimezone": "Asia/Seoul",
		"flexibleTimeWindow": values{"mode": "OFF"},
		"target":             values{"arn": "arn:aws:scheduler:::aws-sdk:" + action, "input": input, "roleArn": role},
	}
}

func TestSchedule_Refusals(t *testing.T) {
	w := build(t, Options{})
	role := w.lifecycleRole("sleep", trustScheduler)
	const input = `{"InstanceIds":["i-1"]}`
	with := func(changes values) values {
		in := scheduled(role, "ec2:stopInstances", input)
		for name, value := range changes {
			in[name] = value
		}
		return in
	}
	for want, in := range map[string]values{
		"must allow AWS EventBridge Scheduler to assume":  scheduled(w.lifecycleRole("dlm", trustDLM), "ec2:stopInstances", input),
		"Invalid Schedule Expression cron(0 20 * * MON *": with(values{"scheduleExpression": "cron(0 20 * * MON *)"}),
		"Invalid Schedule Expression daily":               with(values{"scheduleExpression": "daily"}),
		"Invalid ScheduleExpressionTimezone Asia/Soul":    with(values{"scheduleExpressionTimezone": "Asia/Soul"}),
		"must be set in mode FLEXIBLE":                    with(values{"flexibleTimeWindow": values{"mode": "FLEXIBLE"}}),
		"it only reads":                                   scheduled(role, "ec2:describeInstances", input),
		"Provided Arn is not in correct format":           scheduled(role, "ec2", input),
		"The field 'Instances' is not supported":          scheduled(role, "ec2:stopInstances", `{"Instances":["i-1"]}`),
		"The required field 'InstanceIds' is missing":     scheduled(role, "ec2:stopInstances", `{}`),
		"no JSON of lists":                                scheduled(role, "ec2:stopInstances", `i-1`),
		"must have 1 to 64 characters":                    with(values{"name": "a b"}),
	} {
		_, err := w.try(scheduleToken, "s", in)
		assert.ErrorContains(t, err, want)
	}
	w.make(scheduleToken, "s", with(values{"name": "one"}))
	_, err := w.try(scheduleToken, "again", with(values{"name": "one"}))
	w.refused(err, "ConflictException", "already exists")
}

// A schedule stops and starts its instances with the rights of its role alone.
func TestSchedule_StopsAndStarts(t *testing.T) {
	var hooks []string
	started := make(chan string, 1)
	w := build(t, Options{
		Stop:  func(m *Machine) { hooks = append(hooks, m.Name) },
		Start: func(_ context.Context, m *Machine) { started <- m.Name },
	})
	role := w.make(roleToken, "sleep", values{"assumeRolePolicy": trustScheduler})
	arn := w.read(roleToken, role).text("arn")
	own := w.machine("own", values{"tags": values{"Name": "own", "Cluster": "lab"}})
	other := w.machine("other", nil)
	before := w.read(instanceToken, own)
	require.NotEmpty(t, before.text("publicIp"))
	for name, id := range map[string]string{"own": own, "other": other} {
		for _, action := range []string{"stopInstances", "startInstances"} {
			in := scheduled(arn, "ec2:"+action, fmt.Sprintf(`{"InstanceIds":[%q]}`, id))
			in["name"] = name + "-" + action
			w.make(scheduleToken, name+action, in)
		}
	}
	w.refused(w.c.RunSchedule("own-stopInstances"), "UnauthorizedOperation", "ec2:StopInstances")
	w.make(rolePolicyToken, "sleep", values{"role": role, "policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"Action":["ec2:StopInstances","ec2:StartInstances"],"Resource":"arn:aws:ec2:*:*:instance/*","Condition":{"StringEquals":{"aws:ResourceTag/Cluster":"lab"}}}]}`})
	w.refused(w.c.RunSchedule("other-stopInstances"), "UnauthorizedOperation", "ec2:StopInstances")
	vcpus := w.c.vcpus
	require.NoError(t, w.c.RunSchedule("own-stopInstances"))
	require.NoError(t, w.c.RunSchedule("own-stopInstances"), "one that is stopped stays so")
	assert.Equal(t, []string{"own"}, hooks)
	assert.Equal(t, map[string]string{"own": "stopped", "other": "running"}, w.c.InstanceStates())
	assert.Equal(t, vcpus-2, w.c.vcpus, "the quota counts running instances")
	stopped := w.read(instanceToken, own)
	assert.Empty(t, stopped.text("publicIp"), "AWS takes the address that it gave")
	assert.Equal(t, before.text("privateIp"), stopped.text("privateIp"))
	require.NoError(t, w.c.RunSchedule("own-startInstances"))
	assert.Equal(t, "own", <-started)
	after := w.read(instanceToken, own)
	assert.NotEmpty(t, after.text("publicIp"))
	assert.NotEqual(t, before.text("publicIp"), after.text("publicIp"))

	w.c.instances[own].protectStop = true
	w.refused(w.c.RunSchedule("own-stopInstances"), "OperationNotPermitted", "may not be stopped")
	w.refused(w.c.StopInstances("nobody"), "InvalidInstanceID.NotFound", "nobody")
	assert.ErrorContains(t, w.c.RunSchedule("none"), `"none"`)
}

func TestSchedule_SwitchesAlarmActions(t *testing.T) {
	w := build(t, Options{})
	topic := w.make(topicToken, "told", values{})
	alarm := w.make(metricAlarmToken, "alarm", statusAlarm(topic, nil))
	role := w.make(roleToken, "sleep", values{"assumeRolePolicy": trustScheduler})
	for _, action := range []string{"disableAlarmActions", "enableAlarmActions"} {
		in := scheduled(w.read(roleToken, role).text("arn"), "cloudwatch:"+action, fmt.Sprintf(`{"AlarmNames":[%q]}`, alarm))
		in["name"] = action
		w.make(scheduleToken, action, in)
	}
	w.refused(w.c.RunSchedule("disableAlarmActions"), "AccessDenied", "cloudwatch:DisableAlarmActions")
	w.make(rolePolicyToken, "sleep", values{"role": role, "policy": policyText("Allow", "cloudwatch:*", "*")})
	require.NoError(t, w.c.RunSchedule("disableAlarmActions"))
	assert.Equal(t, map[string]bool{alarm: false}, w.c.AlarmActions())
	assert.False(t, w.read(metricAlarmToken, alarm).flag("actionsEnabled"))
	require.NoError(t, w.c.RunSchedule("enableAlarmActions"))
	assert.Equal(t, map[string]bool{alarm: true}, w.c.AlarmActions())
}
