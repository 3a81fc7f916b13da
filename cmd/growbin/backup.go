package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/growbin/cluster/internal/awscli"
)

const (
	// backupCommand runs on the control plane and returns when the backup is complete.
	backupCommand = "systemctl start kubeadm-backup.service"
	// backupTimeout limits a backup; a snapshot takes seconds, its upload too.
	backupTimeout = 10 * time.Minute
)

// pollEvery is the pause between two polls of the command. Tests shorten it.
var pollEvery = 3 * time.Second

// backup saves etcd on the control plane through Session Manager's Run Command, which needs no open port. It needs the
// permissions ssm:SendCommand and ssm:GetCommandInvocation.
func backup(ctx context.Context, run awscli.Runner, instance string) error {
	ctx, cancel := context.WithTimeout(ctx, backupTimeout)
	defer cancel()
	out, err := run(ctx, "ssm", "send-command", "--document-name", "AWS-RunShellScript", "--instance-ids", instance,
		"--comment", "etcd backup before an upgrade", "--parameters", `{"commands":["`+backupCommand+`"]}`)
	if err != nil {
		return err
	}
	var sent struct{ Command struct{ CommandId string } }
	if err := json.Unmarshal(out, &sent); err != nil || sent.Command.CommandId == "" {
		return fmt.Errorf("Systems Manager returned no command ID: %s", out)
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
			return fmt.Errorf("the backup on %s ended as %s: %s (--no-backup continues without one)", instance, state.Status, awscli.Printable(state.StandardErrorContent))
		}
	}
}
