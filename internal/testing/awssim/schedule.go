package awssim

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
	_ "time/tzdata" // time zones are EventBridge Scheduler's, not this host's
)

const scheduleToken = "aws:scheduler/schedule:Schedule"

// schedule calls an API at given times (EventBridge Scheduler).
type schedule struct {
	name string
	in   values
}

// schedulerService is the principal of the service.
const schedulerService = "scheduler.amazonaws.com"

var (
	scheduleName = regexp.MustCompile(`^[0-9a-zA-Z._-]{1,64}$`)
	// scheduleForm is that of one-time, rate and cron expressions
	// (docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html).
	scheduleForm = regexp.MustCompile(`^(at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)|rate\([1-9]\d* (minutes?|hours?|days?)\)|cron\(\S+ \S+ \S+ \S+ \S+ \S+\))$`)
	// universalTarget is the ARN of any API action, scheduledAction an action that only reads, which the service refuses.
	universalTarget = regexp.MustCompile(`^arn:aws:scheduler:::aws-sdk:([a-z0-9]+):([a-z][A-Za-z0-9]+)$`)
	readingAction   = regexp.MustCompile(`^(get|describe|list|poll|receive|search|scan|query|select|read|batchGet)`)
)

// scheduledActions are the modeled API actions, with the fields of their requests.
var scheduledActions = map[string]struct {
	fields []string
	call   func(*Cloud, *role, map[string][]string) error
}{
	"ec2:stopInstances": {[]string{"InstanceIds"}, func(c *Cloud, r *role, in map[string][]string) error {
		return c.scheduledPower(r, stopInstances, in["InstanceIds"], c.powerOff)
	}},
	"ec2:startInstances": {[]string{"InstanceIds"}, func(c *Cloud, r *role, in map[string][]string) error {
		return c.scheduledPower(r, startInstances, in["InstanceIds"], c.powerOn)
	}},
	"cloudwatch:disableAlarmActions": {[]string{"AlarmNames"}, func(c *Cloud, r *role, in map[string][]string) error {
		return c.switchAlarms(c.sessionOf(r, "scheduler"), "DisableAlarmActions", in["AlarmNames"], false)
	}},
	"cloudwatch:enableAlarmActions": {[]string{"AlarmNames"}, func(c *Cloud, r *role, in map[string][]string) error {
		return c.switchAlarms(c.sessionOf(r, "scheduler"), "EnableAlarmActions", in["AlarmNames"], true)
	}},
}

var scheduleType = define(resourceType{
	token: scheduleToken, title: "EventBridge Scheduler Schedule",
	source: "internal/service/scheduler/schedule.go",
	inputs: properties{
		"description": {kind: text},
		"endDate":     {kind: text},
		"flexibleTimeWindow": {kind: block, required: true, fields: properties{
			"maximumWindowInMinutes": {kind: whole, valid: within(1, 1440)},
			"mode":                   {kind: text, required: true, oneOf: []string{"OFF", "FLEXIBLE"}},
		}},
		"groupName": {kind: text, replaces: true, computed: true, oneOf: []string{"default"}},
		"name": {kind: text, replaces: true, computed: true, valid: func(value any) error {
			if s := value.(string); !scheduleName.MatchString(s) {
				return fmt.Errorf("%q must have 1 to 64 characters of letters, digits and ._-", s)
			}
			return nil
		}},
		"scheduleExpression":         {kind: text, required: true},
		"scheduleExpressionTimezone": {kind: text, fallback: "UTC"},
		"startDate":                  {kind: text},
		"state":                      {kind: text, fallback: "ENABLED", oneOf: []string{"ENABLED", "DISABLED"}},
		"target": {kind: block, required: true, fields: properties{
			"arn":     {kind: text, required: true, valid: validARN},
			"input":   {kind: text},
			"roleArn": {kind: text, required: true, valid: validARN},
			"retryPolicy": {kind: block, fields: properties{
				"maximumEventAgeInSeconds": {kind: whole, fallback: float64(86400), valid: within(60, 86400)},
				"maximumRetryAttempts":     {kind: whole, fallback: float64(185), valid: within(0, 185)},
			}},
		}},
	},
	outputs:  []string{"arn", "namePrefix"},
	refused:  []string{"kmsKeyArn", "namePrefix"},
	autoname: "name",
	check: func(in values) (problems []Problem) {
		if window := in.block("flexibleTimeWindow"); window.text("mode") == "FLEXIBLE" && !window.has("maximumWindowInMinutes") {
			problems = append(problems, Problem{"flexibleTimeWindow.maximumWindowInMinutes", "must be set in mode FLEXIBLE"})
		}
		return problems
	},
}, createSchedule, updateSchedule, deleteSchedule)

func createSchedule(t *call) (string, *schedule, error) {
	s := &schedule{name: t.in.text("name"), in: t.in}
	if t.c.schedules[s.name] != nil {
		return "", nil, refuseScheduler("CreateSchedule", "ConflictException", "Schedule %s already exists.", s.name)
	}
	if err := t.checkSchedule("CreateSchedule"); err != nil {
		return "", nil, err
	}
	t.c.schedules[s.name] = s
	return "default/" + s.name, s, nil
}

// checkSchedule refuses what the service refuses. It does not look for the role's permissions: a schedule without them fails at
// its time, see RunSchedule.
func (t *call) checkSchedule(operation string) error {
	invalid := func(format string, args ...any) error {
		return refuseScheduler(operation, "ValidationException", format, args...)
	}
	if expression := t.in.text("scheduleExpression"); !scheduleForm.MatchString(expression) || !validCron(expression) {
		return invalid("Invalid Schedule Expression %s.", expression)
	}
	if zone := t.in.text("scheduleExpressionTimezone"); zone != "" {
		if _, err := time.LoadLocation(zone); err != nil {
			return invalid("Invalid ScheduleExpressionTimezone %s.", zone)
		}
	}
	target := t.in.block("target")
	parts := universalTarget.FindStringSubmatch(target.text("arn"))
	if parts == nil {
		return invalid("Provided Arn is not in correct format. (The model has universal targets alone, not %s.)", target.text("arn"))
	}
	if readingAction.MatchString(parts[2]) {
		return invalid("%s is not a supported API action: it only reads", parts[2])
	}
	action, known := scheduledActions[parts[1]+":"+parts[2]]
	if !known {
		return invalid("%s:%s is not an API action that the simulated AWS models", parts[1], parts[2])
	}
	request, err := scheduledRequest(target.text("input"))
	if err != nil {
		return invalid("Invalid RequestJson provided. Reason %s", err)
	}
	for field := range request {
		if field != action.fields[0] {
			return invalid("Invalid RequestJson provided. Reason The field '%s' is not supported by api '%s'", field, parts[2])
		}
	}
	if len(request[action.fields[0]]) == 0 {
		return invalid("Invalid RequestJson provided. Reason The required field '%s' is missing", action.fields[0])
	}
	if r := t.c.roleOf(target.text("roleArn")); r == nil || !r.trust.trustsFrom(schedulerService, t.c.schedulerContext()) {
		return invalid("The execution role you provide must allow AWS EventBridge Scheduler to assume the role.")
	}
	return nil
}

// validCron bounds the fields of a cron expression. One of the days must be a question mark.
func validCron(expression string) bool {
	inner, isCron := strings.CutPrefix(expression, "cron(")
	if !isCron {
		return true
	}
	fields := strings.Fields(strings.TrimSuffix(inner, ")"))
	return (fields[2] == "?") != (fields[4] == "?")
}

// scheduledRequest reads an input whose fields are lists of texts.
func scheduledRequest(input string) (map[string][]string, error) {
	var request map[string][]string
	if err := json.Unmarshal([]byte(input), &request); err != nil {
		return nil, fmt.Errorf("the input is no JSON of lists: %w", err)
	}
	return request, nil
}

// schedulerContext are the condition keys of the service's own requests.
func (c *Cloud) schedulerContext() map[string]string {
	return map[string]string{"aws:sourceaccount": c.options.AccountID, "aws:sourcearn": c.arn("scheduler", "schedule-group/default")}
}

// RunSchedule does the work of an enabled schedule once, with the permissions of its role.
func (c *Cloud) RunSchedule(name string) error {
	c.mu.Lock()
	defer c.unlock()
	s := c.schedules[name]
	if s == nil {
		return fmt.Errorf("there is no schedule %q", name)
	}
	if s.in.text("state") == "DISABLED" {
		return fmt.Errorf("schedule %q is disabled", name)
	}
	target := s.in.block("target")
	r := c.roleOf(target.text("roleArn"))
	if r == nil || !r.trust.trustsFrom(schedulerService, c.schedulerContext()) {
		return refuse("STS", "AssumeRole", "AccessDenied", "EventBridge Scheduler is not authorized to assume %s", target.text("roleArn"))
	}
	parts := universalTarget.FindStringSubmatch(target.text("arn"))
	request, err := scheduledRequest(target.text("input"))
	if err != nil {
		return err
	}
	return scheduledActions[parts[1]+":"+parts[2]].call(c, r, request)
}

// Schedules are the expressions of all schedules by name.
func (c *Cloud) Schedules() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]string{}
	for name, s := range c.schedules {
		out[name] = s.in.text("scheduleExpression")
	}
	return out
}

// scheduledPower stops or starts instances with the permissions of a role.
func (c *Cloud) scheduledPower(r *role, operation string, ids []string, do func([]*instance) error) error {
	var list []*instance
	for _, id := range ids {
		i, err := c.instanceNamed(operation, id)
		if err != nil {
			return err
		}
		list = append(list, i)
	}
	return c.powerAs(c.sessionOf(r, "scheduler"), operation, list, do)
}

func updateSchedule(t *call, s *schedule) error {
	if err := t.checkSchedule("UpdateSchedule"); err != nil {
		return err
	}
	s.in = t.in
	return nil
}

func deleteSchedule(t *call, s *schedule) error {
	delete(t.c.schedules, s.name)
	return nil
}

func (s *schedule) attributes(c *Cloud) values {
	return values{"arn": c.arn("scheduler", "schedule/default/"+s.name), "name": s.name, "groupName": "default", "namePrefix": ""}
}

func refuseScheduler(operation, code, format string, args ...any) error {
	return refuse("Scheduler", operation, code, format, args...)
}
