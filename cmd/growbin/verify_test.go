package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/verify"
	"github.com/growbin/cluster/stacks"
)

// account answers the AWS CLI by the first two arguments.
type account map[string]string

func (a account) run(_ context.Context, args ...string) ([]byte, error) {
	answer, ok := a[args[0]+" "+args[1]]
	if !ok {
		return nil, errors.New("not allowed: " + strings.Join(args[:2], " "))
	}
	return []byte(answer), nil
}

var verifiedAt = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

func problemsOf(rows []verify.Row) (list []string) {
	for _, row := range rows {
		for _, problem := range row.Problems {
			list = append(list, row.Subject+": "+problem)
		}
	}
	return list
}

func TestInAWS_EachDeviationIsNamed(t *testing.T) {
	settings, err := stacks.ReadSettings("../..", "dev", map[string]string{"growbin:domain": "growbin.app"})
	require.NoError(t, err)
	settings.Nodes = settings.Nodes[:2]
	first, second := settings.Nodes[0], settings.Nodes[1]
	zone := func(n stacks.Node) string { return settings.AvailabilityZones[n.Zone] }
	well := func() account {
		return account{
			"ec2 describe-instances": `[{"Name":"` + first.Name + `","Type":"` + first.InstanceType + `","Zone":"` + zone(first) + `"},
				{"Name":"` + second.Name + `","Type":"` + second.InstanceType + `","Zone":"` + zone(second) + `"}]`,
			"elbv2 describe-target-groups": `[{"Name":"growbin-dev-waste-api","ARN":"arn:one"}]`,
			"elbv2 describe-target-health": `[{"ID":"i-1","State":"healthy"},{"ID":"i-2","State":"healthy"}]`,
			"ssm get-parameter":            `"{\"instanceId\":\"i-1\",\"phase\":\"Ready\",\"step\":\"backup\",\"reason\":\"b-1\",\"time\":\"2026-11-26T09:00:00Z\"}"`,
			"acm list-certificates":        `[{"Domain":"*.growbin.app","Status":"ISSUED","End":"2027-06-01T00:00:00Z"}]`,
		}
	}
	assert.Empty(t, problemsOf(inAWS(t.Context(), settings, well().run, verifiedAt)))

	for name, c := range map[string]struct{ call, answer, problem string }{
		"missing":     {"ec2 describe-instances", `[]`, "instances: instance " + first.Name + " does not run"},
		"type":        {"ec2 describe-instances", strings.Replace(well()["ec2 describe-instances"], first.InstanceType, "t3.nano", 1), "has type t3.nano, must be " + first.InstanceType},
		"no groups":   {"elbv2 describe-target-groups", `[]`, "targets: the load balancer has no target group"},
		"unhealthy":   {"elbv2 describe-target-health", `[{"ID":"i-1","State":"unhealthy","Reason":"Target.Timeout"}]`, "target i-1 of growbin-dev-waste-api is unhealthy: Target.Timeout"},
		"old backup":  {"ssm get-parameter", strings.Replace(well()["ssm get-parameter"], "T09", "T03", 1), "the last backup is 9h0m0s old, must be at most 7h0m0s"},
		"failed":      {"ssm get-parameter", strings.Replace(well()["ssm get-parameter"], "Ready", "Failed", 1), "the last backup failed: b-1"},
		"pending":     {"acm list-certificates", `[{"Domain":"*.growbin.app","Status":"PENDING_VALIDATION"}]`, "is PENDING_VALIDATION"},
		"ending":      {"acm list-certificates", `[{"Domain":"*.growbin.app","Status":"ISSUED","End":"2026-12-01T00:00:00Z"}]`, "ends on 2026-12-01"},
		"not allowed": {"acm list-certificates", "", "certificate: not allowed: acm list-certificates"},
	} {
		t.Run(name, func(t *testing.T) {
			broken := well()
			if broken[c.call] = c.answer; c.answer == "" {
				delete(broken, c.call)
			}
			assert.Contains(t, strings.Join(problemsOf(inAWS(t.Context(), settings, broken.run, verifiedAt)), "\n"), c.problem)
		})
	}
}

func TestRelease_FlagsAndArguments(t *testing.T) {
	for arguments, problem := range map[string]string{
		"release waste-api":                           "accepts 2 arg(s)",
		"release --list waste-api":                    `unknown command "waste-api"`,
		"release waste-api 1.4.2":                     "--stack: not set",
		"release waste-api 1.4.2 -s dev --timeout 0s": "--timeout: 0s must be at least 1s",
		"release wast-api latest -s dev -C ../..":     `TAG: "latest" must be a version`,
		"verify -s dve -C ../..":                      `there is no stack "dve"`,
	} {
		_, err := execute(t, strings.Fields(arguments)...)
		assert.ErrorContains(t, err, problem, arguments)
	}
}
