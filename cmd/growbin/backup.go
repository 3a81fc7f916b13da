package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

const (
	// backupCommand runs on the control plane and ends with the backup.
	backupCommand = "systemctl start kubeadm-backup.service"
	// backupTimeout is how long it may take; a snapshot takes seconds, its upload too.
	backupTimeout = 10 * time.Minute
)

// pollEvery is the pause between two looks at the command. Tests shorten it.
var pollEvery = 3 * time.Second

// aws runs the AWS CLI, in the region and with the credentials of the environment, and returns what it prints.
type aws func(ctx context.Context, args ...string) ([]byte, error)

func awsCLI(ctx context.Context, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "aws", append(args, "--output", "json")...)
	var out, complaint bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaint
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("aws %s: %w: %s", strings.Join(args[:2], " "), err, strings.TrimSpace(complaint.String()))
	}
	return out.Bytes(), nil
}

// backup has the control plane save etcd, through Session Manager's Run Command: no port is open for it. It needs
// ssm:SendCommand and ssm:GetCommandInvocation.
func backup(ctx context.Context, run aws, instance string) error {
	ctx, cancel := context.WithTimeout(ctx, backupTimeout)
	defer cancel()
	out, err := run(ctx, "ssm", "send-command", "--document-name", "AWS-RunShellScript", "--instance-ids", instance,
		"--comment", "etcd backup before an upgrade", "--parameters", `{"commands":["`+backupCommand+`"]}`)
	if err != nil {
		return err
	}
	var sent struct{ Command struct{ CommandId string } }
	if err := json.Unmarshal(out, &sent); err != nil || sent.Command.CommandId == "" {
		return fmt.Errorf("Systems Manager gave no command ID: %s", out)
	}
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("no backup within %s: %w", backupTimeout, ctx.Err())
		case <-time.After(pollEvery):
		}
		out, err := run(ctx, "ssm", "get-command-invocation", "--command-id", sent.Command.CommandId, "--instance-id", instance)
		if err != nil {
			if strings.Contains(err.Error(), "InvocationDoesNotExist") { // not yet: it appears a moment later
				continue
			}
			return err
		}
		var state struct{ Status, StandardErrorContent string }
		if err := json.Unmarshal(out, &state); err != nil {
			return fmt.Errorf("read the state of the backup: %w", err)
		}
		switch state.Status {
		case "Success":
			return nil
		case "Pending", "InProgress", "Delayed":
		default:
			return fmt.Errorf("the backup on %s ended as %s: %s (-no-backup goes on without one)", instance, state.Status, strings.TrimSpace(state.StandardErrorContent))
		}
	}
}
