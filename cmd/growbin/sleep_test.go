package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/stacks"
)

// ec2 answers as EC2 does for the instances of a stack, whose states change at the second look.
type ec2 struct {
	t        *testing.T
	machines []machineState
	calls    []string
}

func newEC2(t *testing.T, s *stacks.Settings, state string) *ec2 {
	e := &ec2{t: t}
	for _, n := range s.Nodes {
		e.machines = append(e.machines, machineState{"i-" + n.Name, n.Name, state})
	}
	return e
}

func (e *ec2) run(_ context.Context, args ...string) ([]byte, error) {
	switch action := args[1]; action {
	case "describe-instances":
		out, err := json.Marshal(e.machines)
		for i, m := range e.machines {
			e.machines[i].State = map[string]string{"stopping": stateStopped, "pending": stateRunning}[m.State]
			if e.machines[i].State == "" {
				e.machines[i].State = m.State
			}
		}
		return out, err
	case "stop-instances", "start-instances":
		var names []string
		for _, id := range args[3:] {
			i := slices.IndexFunc(e.machines, func(m machineState) bool { return m.ID == id })
			now, next := stateRunning, "stopping"
			if action == "start-instances" {
				now, next = stateStopped, "pending"
			}
			if e.machines[i].State != now {
				return nil, errors.New("IncorrectInstanceState: " + id + " is " + e.machines[i].State)
			}
			e.machines[i].State = next
			names = append(names, e.machines[i].Name)
		}
		e.calls = append(e.calls, action+" "+strings.Join(names, " "))
		return []byte("{}"), nil
	case "describe-alarms":
		assert.Contains(e.t, args, "growbin-dev-alarms")
		return []byte(`["growbin-dev-alarms-k8s-master"]`), nil
	case "disable-alarm-actions", "enable-alarm-actions":
		e.calls = append(e.calls, strings.Join(args[1:], " "))
		return nil, nil
	}
	return nil, errors.New("not allowed: " + strings.Join(args[:2], " "))
}

func sleeper(t *testing.T, overrides map[string]string) *stacks.Settings {
	t.Helper()
	pollEvery = time.Millisecond
	all := map[string]string{"growbin:alarmEmails": `["team@example.com"]`}
	for key, value := range overrides {
		all["growbin:"+key] = value
	}
	settings, err := stacks.ReadSettings("../..", "dev", all)
	require.NoError(t, err)
	return settings
}

const (
	firstGroup = "k8s-master k8s-rabbitmq k8s-postgresql k8s-redis"
	lastGroup  = "k8s-api-high-traffic k8s-api-low-traffic k8s-worker-storage k8s-worker-ai k8s-monitoring"
)

func TestPower_SleepsAndWakesInOrder(t *testing.T) {
	settings := sleeper(t, nil)
	account := newEC2(t, settings, stateRunning)
	p := power{settings, account.run, &bytes.Buffer{}}
	require.NoError(t, p.sleep(t.Context()))
	assert.Equal(t, []string{
		"disable-alarm-actions --alarm-names growbin-dev-alarms-k8s-master", "stop-instances " + lastGroup, "stop-instances " + firstGroup,
	}, account.calls)
	names, all, err := p.stoppedNodes(t.Context())
	require.NoError(t, err)
	assert.True(t, all)
	assert.Len(t, names, len(settings.Nodes))

	account.calls = nil
	account.machines[0].State = "stopping" // it can be started only once it is stopped
	started, err := p.wake(t.Context())
	require.NoError(t, err)
	assert.True(t, started)
	assert.Equal(t, []string{
		"start-instances k8s-rabbitmq k8s-postgresql k8s-redis", "start-instances k8s-master", "start-instances " + lastGroup,
		"enable-alarm-actions --alarm-names growbin-dev-alarms-k8s-master",
	}, account.calls)
	account.calls = nil
	started, err = p.wake(t.Context())
	require.NoError(t, err)
	assert.False(t, started)
	assert.Len(t, account.calls, 1, "a stack that is awake stays as it is")
}

func TestPower_Problems(t *testing.T) {
	settings := sleeper(t, nil)
	none := power{settings, (&ec2{t: t, machines: []machineState{}}).run, &bytes.Buffer{}}
	started, err := none.wake(t.Context())
	require.NoError(t, err, "before the first update")
	assert.False(t, started)
	_, all, err := none.stoppedNodes(t.Context())
	require.NoError(t, err)
	assert.False(t, all)
	stuck := newEC2(t, settings, "stopping")
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = power{settings, stuck.run, &bytes.Buffer{}}.wake(canceled)
	assert.ErrorIs(t, err, context.Canceled)
}

func TestVerify_SaysAsleep(t *testing.T) {
	for sleep, problem := range map[string]string{"20:00-08:00": "", "": "no instance runs, although growbin:sleep is empty"} {
		settings := sleeper(t, map[string]string{"sleep": sleep})
		account := newEC2(t, settings, stateStopped)
		var out bytes.Buffer
		rows, err := whileAsleep(t.Context(), power{settings, account.run, &out})
		require.NoError(t, err)
		err = report(&out, "dev", rows)
		assert.Contains(t, out.String(), "9 instances are stopped; to start them: growbin wake -s dev")
		assert.Contains(t, out.String(), problem)
		assert.Equal(t, problem == "", err == nil, "%v", err)
		account.machines[3].State = stateRunning
		rows, err = whileAsleep(t.Context(), power{settings, account.run, &out})
		require.NoError(t, err)
		assert.Empty(t, rows, "one that runs is verified")
	}
}

func TestSleep_RefusesProtectedStacks(t *testing.T) {
	_, err := execute(t, "sleep", "-s", "prod", "-C", "../..")
	assert.ErrorContains(t, err, "stack prod has deletionProtection")
}
