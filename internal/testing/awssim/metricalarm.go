package awssim

import (
	"fmt"
	"regexp"
	"strings"
)

const metricAlarmToken = "aws:cloudwatch/metricAlarm:MetricAlarm"

// metricAlarm is an alarm on one metric of CloudWatch.
type metricAlarm struct {
	name string
	in   values
}

// alarmActions is the number of actions that CloudWatch allows for each state.
const alarmActions = 5

var metricNamespace = regexp.MustCompile(`^[^:]+$`)

var metricAlarmType = define(resourceType{
	token: metricAlarmToken, title: "CloudWatch Metric Alarm",
	source: "internal/service/cloudwatch/metric_alarm.go",
	inputs: properties{
		"actionsEnabled":   {kind: flag, fallback: true},
		"alarmActions":     {kind: textSet},
		"alarmDescription": {kind: text},
		"comparisonOperator": {kind: text, required: true, oneOf: []string{
			"GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold",
		}},
		"datapointsToAlarm":       {kind: whole},
		"dimensions":              {kind: textMap},
		"evaluationPeriods":       {kind: whole, required: true, valid: within(1, 1<<31-1)},
		"insufficientDataActions": {kind: textSet},
		"metricName":              {kind: text},
		"name":                    {kind: text, replaces: true, computed: true},
		"namespace": {kind: text, valid: func(value any) error {
			if s := value.(string); !metricNamespace.MatchString(s) {
				return fmt.Errorf("%q must hold no colon", s)
			}
			return nil
		}},
		"okActions":        {kind: textSet},
		"period":           {kind: whole, valid: validPeriod},
		"statistic":        {kind: text, oneOf: []string{"SampleCount", "Average", "Sum", "Minimum", "Maximum"}},
		"threshold":        {kind: number},
		"treatMissingData": {kind: text, fallback: "missing", oneOf: []string{"breaching", "ignore", "missing", "notBreaching"}},
		"unit":             {kind: text},
	},
	outputs:  []string{"arn", "evaluateLowSampleCountPercentiles"},
	refused:  []string{"evaluateLowSampleCountPercentiles", "extendedStatistic", "metricQueries", "thresholdMetricId"},
	tagged:   true,
	autoname: "name",
	check: func(in values) (problems []Problem) {
		for _, name := range []string{"metricName", "namespace", "period", "statistic", "threshold"} {
			if !in.has(name) && !in.isUnknown(name) {
				problems = append(problems, Problem{name, "must be set for an alarm on one metric"})
			}
		}
		return problems
	},
}, createMetricAlarm, updateMetricAlarm, deleteMetricAlarm)

func validPeriod(value any) error {
	if seconds := value.(float64); seconds != 10 && seconds != 30 && (seconds < 60 || int(seconds)%60 != 0) {
		return fmt.Errorf("%v must be 10, 30 or a multiple of 60", seconds)
	}
	return nil
}

func createMetricAlarm(t *call) (string, *metricAlarm, error) {
	a := &metricAlarm{name: t.in.text("name"), in: t.in}
	if t.c.alarms[a.name] != nil {
		// CloudWatch would overwrite it without a word, and two resources would fight over it.
		return "", nil, refuseCloudWatch("ValidationError", "alarm %s already exists; CloudWatch would silently overwrite it", a.name)
	}
	if err := t.checkAlarm(); err != nil {
		return "", nil, err
	}
	t.c.alarms[a.name] = a
	return a.name, a, nil
}

// checkAlarm refuses actions that CloudWatch refuses. It does not look for the topic: a missing one is noticed by nobody until the
// alarm is raised, so that the model is stricter.
func (t *call) checkAlarm() error {
	for _, state := range []string{"alarmActions", "insufficientDataActions", "okActions"} {
		actions := t.in.texts(state)
		if len(actions) > alarmActions {
			return refuseCloudWatch("ValidationError", "%s: Member must have length less than or equal to %d", state, alarmActions)
		}
		for _, arn := range actions {
			if strings.HasPrefix(arn, "arn:aws:sns:") && t.c.topics[arn] == nil {
				return refuseCloudWatch("ValidationError", "%s: the topic %s does not exist", state, arn)
			}
			if !arnForm.MatchString(arn) {
				return refuseCloudWatch("ValidationError", "Invalid arn syntax: %s", arn)
			}
		}
	}
	if t.in.has("datapointsToAlarm") && t.in.whole("datapointsToAlarm") > t.in.whole("evaluationPeriods") {
		return refuseCloudWatch("ValidationError", "DatapointsToAlarm must be smaller than or equal to EvaluationPeriods")
	}
	return nil
}

func updateMetricAlarm(t *call, a *metricAlarm) error {
	if err := t.checkAlarm(); err != nil {
		return err
	}
	a.in = t.in
	return nil
}

func deleteMetricAlarm(t *call, a *metricAlarm) error {
	delete(t.c.alarms, a.name)
	return nil
}

// switchAlarms enables or disables the actions of alarms with the permissions of a caller.
func (c *Cloud) switchAlarms(who *caller, operation string, names []string, enabled bool) error {
	for _, name := range names {
		a := c.alarms[name]
		if a == nil {
			continue // CloudWatch ignores names that do not exist
		}
		if err := c.authorize(who, "CloudWatch", operation, request{action: "cloudwatch:" + operation, resource: c.arn("cloudwatch", "alarm:"+name)}); err != nil {
			return err
		}
		a.switchActions(c, enabled)
	}
	return nil
}

// switchActions enables or disables the alarm's actions out of band.
func (a *metricAlarm) switchActions(c *Cloud, enabled bool) {
	a.in = a.in.copy()
	a.in["actionsEnabled"] = enabled
	if o := c.objects[metricAlarmToken][a.name]; o != nil {
		o.given = a.in
	}
}

// AlarmActions are whether the actions of each alarm are enabled, by name.
func (c *Cloud) AlarmActions() map[string]bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]bool{}
	for name, a := range c.alarms {
		out[name] = a.in.flag("actionsEnabled")
	}
	return out
}

func (a *metricAlarm) attributes(c *Cloud) values {
	return values{"arn": c.arn("cloudwatch", "alarm:"+a.name), "name": a.name, "evaluateLowSampleCountPercentiles": ""}
}

func refuseCloudWatch(code, format string, args ...any) error {
	return refuse("CloudWatch", "PutMetricAlarm", code, format, args...)
}
