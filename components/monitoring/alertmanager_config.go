package monitoring

// The types below are the part of Alertmanager's configuration that is used here
// (prometheus.io/docs/alerting/latest/configuration).

type alertmanagerConfig struct {
	Route        alertRoute      `json:"route"`
	Receivers    []alertReceiver `json:"receivers"`
	InhibitRules []inhibitRule   `json:"inhibit_rules"`

	TimeIntervals []timeInterval `json:"time_intervals,omitempty"`
}

// timeInterval is a named set of times of a week.
type timeInterval struct {
	Name  string      `json:"name"`
	Times []weekTimes `json:"time_intervals"`
}

type weekTimes struct {
	Times    []timeRange `json:"times,omitempty"`
	Weekdays []string    `json:"weekdays,omitempty"`
	Location string      `json:"location"`
}

type timeRange struct {
	Start string `json:"start_time"`
	End   string `json:"end_time"`
}

type alertRoute struct {
	Receiver       string       `json:"receiver"`
	GroupBy        []string     `json:"group_by,omitempty"`
	GroupWait      string       `json:"group_wait,omitempty"`
	GroupInterval  string       `json:"group_interval,omitempty"`
	RepeatInterval string       `json:"repeat_interval,omitempty"`
	Matchers       []string     `json:"matchers,omitempty"`
	Mute           []string     `json:"mute_time_intervals,omitempty"`
	Routes         []alertRoute `json:"routes,omitempty"`
}

type alertReceiver struct {
	Name           string          `json:"name"`
	SlackConfigs   []slackConfig   `json:"slack_configs,omitempty"`
	WebhookConfigs []webhookConfig `json:"webhook_configs,omitempty"`
	DiscordConfigs []discordConfig `json:"discord_configs,omitempty"`
}

type slackConfig struct {
	APIURL       string `json:"api_url"`
	Channel      string `json:"channel"`
	SendResolved bool   `json:"send_resolved"`
	Title        string `json:"title"`
	Text         string `json:"text"`
}

type discordConfig struct {
	WebhookURL   string `json:"webhook_url"`
	SendResolved bool   `json:"send_resolved"`
	Title        string `json:"title"`
	Message      string `json:"message"`
}

type webhookConfig struct {
	URL          string `json:"url"`
	SendResolved bool   `json:"send_resolved"`
}

type inhibitRule struct {
	SourceMatchers []string `json:"source_matchers"`
	TargetMatchers []string `json:"target_matchers"`
	Equal          []string `json:"equal"`
}

// Names of the receivers: one that sends nothing, and the one of the arguments.
const (
	receiverNone = "none"
	receiverTeam = "team"
	// receiverHeartbeat is the watcher outside the cluster.
	receiverHeartbeat = "heartbeat"
)

// quietInterval is the name of the times in which the team is told nothing.
const quietInterval = "quiet"

// heartbeatInterval is the time between two heartbeats.
const heartbeatInterval = "1m"

const (
	messageTitle = `{{ .CommonLabels.alertname }} ({{ .Status }}, {{ .CommonLabels.cluster }})`
	// Discord allows 2000 characters.
	discordText = `{{ range .Alerts }}{{ .Annotations.summary }}{{ with .Annotations.runbook_url }} ([runbook](<{{ . }}>)){{ end }}
{{ end }}`
	slackText = `{{ range .Alerts }}{{ .Annotations.summary }}{{ with .Annotations.runbook_url }} (<{{ . }}|runbook>){{ end }}
{{ end }}`
)

// renderAlertmanager returns alertmanager.yml. The result is secret, since url and heartbeat contain credentials. Without a
// heartbeat, Watchdog is sent nowhere.
func renderAlertmanager(r *Receiver, url, heartbeat string) (string, error) {
	config := alertmanagerConfig{
		Route: alertRoute{
			Receiver: receiverNone,
			GroupBy:  []string{"alertname", "node"},
			// Failures with one cause are sent together; an open alert is repeated twice a day.
			GroupWait: "30s", GroupInterval: "5m", RepeatInterval: "12h",
		},
		Receivers: []alertReceiver{{Name: receiverNone}},
		InhibitRules: []inhibitRule{
			// A node that is down explains the warnings about its parts.
			{
				SourceMatchers: []string{`alertname="NodeDown"`},
				TargetMatchers: []string{`severity="warning"`},
				Equal:          []string{"cluster", "node"},
			},
			{
				SourceMatchers: []string{`alertname="DiskFull"`},
				TargetMatchers: []string{`alertname="DiskFilling"`},
				Equal:          []string{"cluster", "node", "mountpoint"},
			},
		},
	}
	watchdog := alertRoute{Matchers: []string{`alertname="` + Watchdog + `"`}, Receiver: receiverNone}
	if heartbeat != "" {
		watchdog.Receiver = receiverHeartbeat
		watchdog.GroupWait, watchdog.GroupInterval, watchdog.RepeatInterval = "0s", heartbeatInterval, heartbeatInterval
		config.Receivers = append(config.Receivers, alertReceiver{Name: receiverHeartbeat, WebhookConfigs: []webhookConfig{{URL: heartbeat}}})
	}
	config.Route.Routes = []alertRoute{watchdog}
	if r != nil {
		config.Route.Receiver = receiverTeam
		config.Route.Routes = append(config.Route.Routes, alertRoute{
			Matchers: []string{`severity="critical"`}, Receiver: receiverTeam, GroupWait: "10s", RepeatInterval: "2h",
		})
		config.Receivers = append(config.Receivers, teamReceiver(r, url))
		if len(r.Quiet) > 0 {
			config.mute(r.Quiet)
		}
	}
	return marshal("alertmanager.yml", config)
}

// mute silences the team's receiver at quiet times. The root route can have none, so all alerts get a route of their own. Watchdog
// goes on: the watcher outside the cluster knows the times, or it would report each night.
func (c *alertmanagerConfig) mute(times []Quiet) {
	quiet := timeInterval{Name: quietInterval}
	for _, q := range times {
		one := weekTimes{Weekdays: q.Weekdays, Location: q.Timezone}
		if q.Start != "" {
			one.Times = []timeRange{{q.Start, q.End}}
		}
		quiet.Times = append(quiet.Times, one)
	}
	c.TimeIntervals = []timeInterval{quiet}
	c.Route.Routes = append(c.Route.Routes, alertRoute{Receiver: receiverTeam})
	for i := range c.Route.Routes {
		if route := &c.Route.Routes[i]; route.Receiver == receiverTeam {
			route.Mute = []string{quietInterval}
		}
	}
}

func teamReceiver(r *Receiver, url string) alertReceiver {
	receiver := alertReceiver{Name: receiverTeam}
	switch r.Kind {
	case ReceiverSlack:
		receiver.SlackConfigs = []slackConfig{{
			APIURL: url, Channel: r.Channel, SendResolved: true, Title: messageTitle, Text: slackText,
		}}
	case ReceiverDiscord:
		receiver.DiscordConfigs = []discordConfig{{WebhookURL: url, SendResolved: true, Title: messageTitle, Message: discordText}}
	case ReceiverWebhook:
		receiver.WebhookConfigs = []webhookConfig{{URL: url, SendResolved: true}}
	}
	return receiver
}
