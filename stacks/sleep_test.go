package stacks

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim/mocks"
)

// A night stops everything with the rights of the schedules' own role, and starts the stores before their users.
func TestSleep_SchedulesOfANight(t *testing.T) {
	w := deploy(t, "dev", map[string]string{"alarmEmails": `["team@example.com"]`})
	assert.Equal(t, map[string]string{
		"growbin-dev-night-silence": "cron(0 20 ? * * *)", "growbin-dev-night-sleep-rest": "cron(0 20 ? * * *)",
		"growbin-dev-night-sleep-stores": "cron(3 20 ? * * *)", "growbin-dev-night-wake-stores": "cron(45 7 ? * MON-FRI *)",
		"growbin-dev-night-wake-rest": "cron(48 7 ? * MON-FRI *)", "growbin-dev-night-listen": "cron(0 8 ? * MON-FRI *)",
	}, w.cloud.Schedules())
	running := func() (names []string) {
		for name, state := range w.cloud.InstanceStates() {
			if state == "running" {
				names = append(names, name)
			}
		}
		return names
	}
	stores := []string{"k8s-master", "k8s-rabbitmq", "k8s-postgresql", "k8s-redis"}
	for _, step := range []struct {
		name string
		want []string
	}{
		{"silence", nodeNames(topology)}, {"sleep-rest", stores}, {"sleep-stores", nil}, {"wake-stores", stores},
		{"wake-rest", nodeNames(topology)}, {"listen", nodeNames(topology)},
	} {
		require.NoError(t, w.cloud.RunSchedule("growbin-dev-night-"+step.name))
		assert.ElementsMatch(t, step.want, running(), step.name)
	}
	alerts := w.mocks.OfType("aws:cloudwatch/metricAlarm:MetricAlarm")
	assert.Len(t, alerts, len(w.cloud.AlarmActions()))
	assert.Empty(t, deploy(t, "prod", nil).cloud.Schedules())
}

func TestSleep_MutesTheTeam(t *testing.T) {
	settings, err := decode(t, "dev", map[string]string{"alertReceiver": "webhook", "alertUrl": "https://hooks.example.com/one"})
	require.NoError(t, err)
	quiet := settings.receiver().Quiet
	require.Len(t, quiet, 3)
	assert.Equal(t, "20:00", quiet[0].Start)
	assert.Equal(t, "08:00", quiet[1].End)
	assert.Equal(t, []string{"saturday", "sunday"}, quiet[2].Weekdays)
	settings, err = decode(t, "dev", map[string]string{"alertReceiver": "webhook", "alertUrl": "https://hooks.example.com/one", "sleep": ""})
	require.NoError(t, err)
	assert.Empty(t, settings.receiver().Quiet)
}

// An update of a stack that is asleep is refused with the way out, in the preview too.
func TestSleep_RefusesUpdatesWhileAsleep(t *testing.T) {
	first := deploy(t, "dev", nil)
	require.NoError(t, first.cloud.StopInstances("k8s-master", "k8s-redis"))
	err := awake(t, first, "dev")
	assert.ErrorContains(t, err, `stack "dev" is asleep: 2 of 9 instances are stopped (k8s-master, k8s-redis); nothing was changed. Wake it with growbin wake -s dev`)
	require.NoError(t, first.cloud.StartInstances("k8s-master", "k8s-redis"))
	assert.NoError(t, awake(t, first, "dev"))
}

// awake runs checkAwake alone against an account.
func awake(t *testing.T, w *world, stack string) error {
	t.Helper()
	settings, err := decode(t, stack, nil)
	require.NoError(t, err)
	return pulumi.RunErr(func(ctx *pulumi.Context) error {
		provider, err := awsProvider(ctx, settings, w.cloud.AccountID())
		if err != nil {
			return err
		}
		return checkAwake(ctx, settings, pulumi.Provider(provider))
	}, pulumi.WithMocks("growbin", stack, mocks.New(w.cloud)))
}

func TestSleep_ProtectedStacksMustMeanIt(t *testing.T) {
	for value, want := range map[string]string{
		"20:00-08:00":           `growbin:sleep: "20:00-08:00" must be empty with deletionProtection`,
		"protected 20:00-08:00": "",
		"protected 20:00":       "must be the hours of a night",
		"08:00-20:00":           "the night holds midnight",
	} {
		settings, err := decode(t, "prod", map[string]string{"sleep": value})
		if want == "" {
			require.NoError(t, err, value)
			assert.Equal(t, "20:00", settings.Sleep.From.String())
			continue
		}
		assert.ErrorContains(t, err, want, value)
	}
}
