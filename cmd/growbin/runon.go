package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/growbin/cluster/internal/awscli"
)

// pollEvery is the pause between two polls of a command. Tests shorten it.
var pollEvery = 3 * time.Second

// runOn runs a shell command as root on an instance through Session Manager's Run Command, which needs no open port, and returns
// its output, of which Systems Manager keeps 24,000 characters. It needs the permissions ssm:SendCommand and
// ssm:GetCommandInvocation.
func runOn(ctx context.Context, run awscli.Runner, instance, purpose, command string) (string, error) {
	parameters, err := json.Marshal(map[string][]string{"commands": {command}})
	if err != nil {
		return "", err
	}
	out, err := run(ctx, "ssm", "send-command", "--document-name", "AWS-RunShellScript", "--instance-ids", instance,
		"--comment", purpose, "--parameters", string(parameters))
	if err != nil {
		return "", err
	}
	var sent struct{ Command struct{ CommandId string } }
	if err := json.Unmarshal(out, &sent); err != nil || sent.Command.CommandId == "" {
		return "", fmt.Errorf("Systems Manager returned no command ID: %s", out)
	}
	for {
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("the command on %s has not ended: %w", instance, ctx.Err())
		case <-time.After(pollEvery):
		}
		out, err := run(ctx, "ssm", "get-command-invocation", "--command-id", sent.Command.CommandId, "--instance-id", instance)
		if err != nil {
			if strings.Contains(err.Error(), "InvocationDoesNotExist") { // not yet: it appears a moment later
				continue
			}
			return "", err
		}
		var state struct{ Status, StandardOutputContent, StandardErrorContent string }
		if err := json.Unmarshal(out, &state); err != nil {
			return "", fmt.Errorf("read the state of the command: %w", err)
		}
		switch state.Status {
		case "Success":
			return state.StandardOutputContent, nil
		case "Pending", "InProgress", "Delayed":
		default:
			return "", errors.New("the command on " + instance + " ended as " + state.Status + ": " + awscli.Printable(state.StandardErrorContent))
		}
	}
}
