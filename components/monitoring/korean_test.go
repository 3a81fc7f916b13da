package monitoring_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/internal/testing/promtest"
)

var label = regexp.MustCompile(`\$labels\.\w+`)

// Every alert has a summary in Korean that names the labels of the English one, and promtool reads its templates.
func TestKoreanSummaries(t *testing.T) {
	english := promtest.Alerts(promtest.ParseRules(t, rules(t, monitoring.SampleArgs())))
	args := monitoring.SampleArgs()
	args.Summaries = monitoring.KoreanSummaries()
	text := rules(t, args)
	promtest.CheckRules(t, text)
	korean := promtest.Alerts(promtest.ParseRules(t, text))
	require.Len(t, korean, len(english))
	for i, alert := range korean {
		summary := alert.Annotations["summary"]
		assert.Regexp(t, `[가-힣]`, summary, alert.Alert)
		for _, name := range label.FindAllString(english[i].Annotations["summary"], -1) {
			assert.Contains(t, label.FindAllString(summary, -1), name, alert.Alert)
		}
		assert.Equal(t, english[i].Labels, alert.Labels)
	}
	for name := range monitoring.KoreanSummaries() {
		assert.True(t, slices.ContainsFunc(english, func(r monitoring.Rule) bool { return r.Alert == name }), "%s is no alert", name)
	}
}

func TestDiscord_HasNoChannel(t *testing.T) {
	args := monitoring.SampleArgs()
	args.Receiver = &monitoring.Receiver{Kind: monitoring.ReceiverDiscord, Channel: "#alerts"}
	err := args.Validate()
	assert.ErrorContains(t, err, "Receiver.Channel")
	args.Receiver = &monitoring.Receiver{Kind: "pager"}
	assert.ErrorContains(t, args.Validate(), `Receiver.Kind: "pager" must be slack, discord or webhook`)
}
