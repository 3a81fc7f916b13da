package awssim

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func spotOptions(kind, behavior string) values {
	return values{"instanceMarketOptions": values{"marketType": "spot", "spotOptions": values{
		"spotInstanceType": kind, "instanceInterruptionBehavior": behavior,
	}}}
}

func TestSpot_RefusedCombinations(t *testing.T) {
	w := build(t, Options{Quotas: map[string]float64{QuotaSpotVCPUs: 2}})
	for _, in := range []values{spotOptions("one-time", "stop"), spotOptions("persistent", "terminate")} {
		_, err := w.launch("wrong", in)
		assert.ErrorContains(t, err, "InvalidParameterCombination")
	}
	in := spotOptions("persistent", "stop")
	in["disableApiTermination"] = true
	_, err := w.launch("protected", in)
	assert.ErrorContains(t, err, "Termination protection is not supported")
	_, err = w.launch("first", spotOptions("persistent", "stop"))
	require.NoError(t, err)
	_, err = w.launch("second", spotOptions("persistent", "stop"))
	assert.ErrorContains(t, err, "MaxSpotInstanceCountExceeded")
	_, err = w.launch("on-demand", values{})
	assert.NoError(t, err, "a quota of its own")
}

func TestSpot_NoticedAndTaken(t *testing.T) {
	noticed := make(chan string, 1)
	w := build(t, Options{Notice: func(_ context.Context, m *Machine) { noticed <- m.Name }})
	w.machine("steady", nil)
	w.machine("spot", spotOptions("one-time", "terminate"))
	assert.ErrorContains(t, w.c.NoticeSpot("steady"), "steady is none")
	assert.ErrorContains(t, w.c.TakeSpot("steady"), "steady is none")
	require.NoError(t, w.c.NoticeSpot("spot"))
	assert.Equal(t, "spot", <-noticed)
	assert.ErrorContains(t, w.c.StopInstances("spot"), "UnsupportedOperation")
	require.NoError(t, w.c.TakeSpot("spot"))
	assert.NotContains(t, w.c.InstanceStates(), "spot")
}

func TestCapacity_RefusedByZoneTypeAndMarket(t *testing.T) {
	w := build(t, Options{})
	w.c.SetCapacity("ap-northeast-2a", "t3.medium", false, false)
	_, err := w.launch("none", values{"instanceType": "t3.medium"})
	assert.ErrorContains(t, err, "InsufficientInstanceCapacity: We currently do not have sufficient t3.medium capacity")
	for name, in := range map[string]values{
		"other-type": {"instanceType": "t3.large"}, "other-zone": {"instanceType": "t3.medium", "subnetId": w.private},
	} {
		_, err := w.launch(name, in)
		assert.NoError(t, err, name)
	}
	w.c.SetCapacity("ap-northeast-2a", "t3.medium", false, true)
	_, err = w.launch("again", values{"instanceType": "t3.medium"})
	assert.NoError(t, err)
}

// A target that does not run gets requests until its health checks have failed: three times in 30 s each by default.
func TestRequest_HealthChecksTakeTime(t *testing.T) {
	w, s, i := newSite(t)
	now := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	w.c.options.Now = func() time.Time { return now }
	w.make(targetGroupAttachmentToken, "second", values{"targetGroupArn": s.targets, "targetId": w.machine("api-2", nil)})
	url, others := "https://"+siteHost+"/v1", []WebTarget{{"api-2", 30080}}
	require.NoError(t, w.c.StopInstances("api-1"))
	assert.Equal(t, WebAnswer{Targets: others, Lost: []string{i}}, w.get(Internet, url))
	now = now.Add(90 * time.Second)
	assert.Equal(t, WebAnswer{Targets: others}, w.get(Internet, url))
	require.NoError(t, w.c.StartInstances("api-1"))
	assert.Len(t, w.get(Internet, url).Targets, 2)
}
