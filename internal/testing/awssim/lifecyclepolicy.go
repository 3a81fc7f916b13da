package awssim

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

const lifecyclePolicyToken = "aws:dlm/lifecyclePolicy:LifecyclePolicy"

// lifecyclePolicy takes snapshots of volumes on a schedule (Data Lifecycle Manager).
type lifecyclePolicy struct {
	id string
	in values
}

var (
	lifecycleText = regexp.MustCompile(`^[0-9A-Za-z _-]{1,500}$`)
	lifecycleTime = regexp.MustCompile(`^(0[0-9]|1[0-9]|2[0-3]):[0-5][0-9]$`)
)

// lifecycleHours are the intervals that the service knows.
var lifecycleHours = []float64{1, 2, 3, 4, 6, 8, 12, 24}

var lifecyclePolicyType = define(resourceType{
	token: lifecyclePolicyToken, title: "DLM Lifecycle Policy",
	source: "internal/service/dlm/lifecycle_policy.go",
	inputs: properties{
		"description": {kind: text, required: true, valid: func(value any) error {
			if s := value.(string); !lifecycleText.MatchString(s) {
				return fmt.Errorf("%q must only contain alphanumeric, underscore, hyphen and space characters, at most 500", s)
			}
			return nil
		}},
		"executionRoleArn": {kind: text, required: true, valid: validARN},
		"policyDetails": {kind: block, required: true, fields: properties{
			"policyType":        {kind: text, fallback: "EBS_SNAPSHOT_MANAGEMENT", oneOf: []string{"EBS_SNAPSHOT_MANAGEMENT"}},
			"resourceLocations": {kind: text, computed: true, oneOf: []string{"CLOUD"}},
			"resourceTypes":     {kind: textList, required: true},
			"targetTags":        {kind: textMap, required: true},
			"schedules": {kind: blocks, required: true, key: "name", fields: properties{
				"name":      {kind: text, required: true},
				"copyTags":  {kind: flag, computed: true},
				"tagsToAdd": {kind: textMap},
				"createRule": {kind: block, required: true, fields: properties{
					"interval": {kind: whole, valid: func(value any) error {
						if !slices.Contains(lifecycleHours, value.(float64)) {
							return fmt.Errorf("%v must be one of %v", value, lifecycleHours)
						}
						return nil
					}},
					"intervalUnit": {kind: text, computed: true, oneOf: []string{"HOURS"}},
					"location":     {kind: text, computed: true, oneOf: []string{"CLOUD"}},
					"times": {kind: text, computed: true, valid: func(value any) error {
						if s := value.(string); !lifecycleTime.MatchString(s) {
							return fmt.Errorf("%q must be a time in UTC as hh:mm", s)
						}
						return nil
					}},
				}},
				"retainRule": {kind: block, required: true, fields: properties{
					"count":        {kind: whole, valid: within(1, 1000)},
					"interval":     {kind: whole, valid: within(1, 36500)},
					"intervalUnit": {kind: text, oneOf: []string{"DAYS", "WEEKS", "MONTHS", "YEARS"}},
				}},
			}},
		}},
		"state": {kind: text, fallback: "ENABLED", oneOf: []string{"ENABLED", "DISABLED"}},
	},
	outputs: []string{"arn"},
	tagged:  true,
	check:   checkLifecyclePolicy,
}, createLifecyclePolicy, updateLifecyclePolicy, deleteLifecyclePolicy)

func checkLifecyclePolicy(in values) (problems []Problem) {
	for _, schedule := range in.block("policyDetails").blocks("schedules") {
		if keep := schedule.block("retainRule"); keep.has("count") == keep.has("interval") || keep.has("interval") != keep.has("intervalUnit") {
			problems = append(problems, Problem{"policyDetails.schedules.retainRule", "must have either a count, or an interval with its unit"})
		}
		if rule := schedule.block("createRule"); !rule.has("interval") {
			problems = append(problems, Problem{"policyDetails.schedules.createRule.interval", "must be set: the model has no cron expressions"})
		}
	}
	return problems
}

func createLifecyclePolicy(t *call) (string, *lifecyclePolicy, error) {
	p := &lifecyclePolicy{in: t.in}
	if err := t.checkLifecycle("CreateLifecyclePolicy"); err != nil {
		return "", nil, err
	}
	p.id = t.c.newID("policy", t.name)
	t.c.lifecyclePolicies[p.id] = p
	return p.id, p, nil
}

// checkLifecycle refuses details and a role that the service refuses.
func (t *call) checkLifecycle(operation string) error {
	details := t.in.block("policyDetails")
	if kinds := details.texts("resourceTypes"); !slices.Equal(kinds, []string{"VOLUME"}) {
		return refuseDLM(operation, "InvalidRequestException", "Invalid resource types %v: the model has VOLUME alone", kinds)
	}
	if len(details.textMap("targetTags")) == 0 {
		return refuseDLM(operation, "InvalidRequestException", "Target tags must be specified")
	}
	if n := len(details.blocks("schedules")); n < 1 || n > 4 {
		return refuseDLM(operation, "InvalidRequestException", "A policy must have 1 to 4 schedules, not %d", n)
	}
	for _, schedule := range details.blocks("schedules") {
		for key := range schedule.textMap("tagsToAdd") {
			if strings.HasPrefix(strings.ToLower(key), "aws:") {
				return refuseDLM(operation, "InvalidRequestException", "Tag key %s is reserved", key)
			}
		}
	}
	_, err := t.c.assumable(operation, t.in.text("executionRoleArn"))
	return err
}

// assumable returns the role of an ARN that the service can assume.
func (c *Cloud) assumable(operation, arn string) (*role, error) {
	for _, r := range c.roles {
		if r.arn(c) == arn && r.trust.trusts("dlm.amazonaws.com") {
			return r, nil
		}
	}
	return nil, refuseDLM(operation, "InvalidRequestException", "The role %s does not exist, or cannot be assumed by dlm.amazonaws.com", arn)
}

// mayCreate reports why the policy's role may not take a snapshot. The service creates a policy without looking, and then fails
// each time.
func (p *lifecyclePolicy) mayCreate(c *Cloud, v *volume) error {
	r, err := c.assumable("CreateSnapshot", p.in.text("executionRoleArn"))
	if err != nil {
		return err
	}
	for _, need := range []request{
		{action: "ec2:CreateSnapshot", resource: c.arn("ec2", "volume/"+v.id)},
		{action: "ec2:CreateSnapshot", resource: "arn:aws:ec2:" + c.options.Region + "::snapshot/*"},
		{action: "ec2:CreateTags", resource: "arn:aws:ec2:" + c.options.Region + "::snapshot/*"},
	} {
		if err := decide(r.policies(), need); err != nil {
			return refuseEC2("CreateSnapshot", "UnauthorizedOperation", "role %s of policy %s is not authorized to perform: %s %s action", r.name, p.id, need.action, err)
		}
	}
	return nil
}

func updateLifecyclePolicy(t *call, p *lifecyclePolicy) error {
	if err := t.checkLifecycle("UpdateLifecyclePolicy"); err != nil {
		return err
	}
	p.in = t.in
	return nil
}

// deleteLifecyclePolicy keeps the snapshots, as the service does.
func deleteLifecyclePolicy(t *call, p *lifecyclePolicy) error {
	delete(t.c.lifecyclePolicies, p.id)
	return nil
}

func (p *lifecyclePolicy) attributes(c *Cloud) values {
	return values{"arn": c.arn("dlm", "policy/"+p.id)}
}

func refuseDLM(operation, code, format string, args ...any) error {
	return refuse("DLM", operation, code, format, args...)
}
