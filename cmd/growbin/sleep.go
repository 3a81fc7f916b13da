package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/growbin/cluster/internal/awscli"
	"github.com/growbin/cluster/internal/verify"
	"github.com/growbin/cluster/stacks"
)

// wakeLimit bounds the wait for the instances, and then for the cluster.
const wakeLimit = 15 * time.Minute

// EC2's names of states.
const (
	stateRunning = "running"
	stateStopped = "stopped"
)

func newWake(o *stackOptions) *cobra.Command {
	var noWait bool
	command := &cobra.Command{
		Use:   "wake",
		Short: "Starts a stack that is asleep, and waits until it is as designed",
		Long: "wake starts the control plane and the stores, then all other instances, and waits until all pods are ready. The next\n" +
			"evening stops the stack again. A stack that is awake stays as it is.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			settings, run, err := o.live()
			if err != nil {
				return err
			}
			out := command.OutOrStdout()
			started, err := power{settings, run, out}.wake(command.Context())
			if err != nil || !started || noWait {
				return err
			}
			return awaitDesign(command.Context(), o, settings, out)
		},
	}
	command.Flags().BoolVar(&noWait, "no-wait", false, "do not wait for the pods")
	return command
}

func newSleep(o *stackOptions) *cobra.Command {
	var protected bool
	command := &cobra.Command{
		Use:   "sleep",
		Short: "Stops all instances of a stack now, as each night does",
		Long: "sleep silences the alarms, then stops all instances: monitoring, applications and workers first, the control plane and the\n" +
			"stores last. Their disks and what is on them stay.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			settings, run, err := o.live()
			if err != nil {
				return err
			}
			if settings.DeletionProtection && !protected {
				return fmt.Errorf("stack %s has deletionProtection: its users would find nothing. If that is meant, add --protected", o.stack)
			}
			return power{settings, run, command.OutOrStdout()}.sleep(command.Context())
		},
	}
	command.Flags().BoolVar(&protected, "protected", false, "stop a stack with deletionProtection, too")
	return command
}

// power stops and starts the instances of a stack.
type power struct {
	settings *stacks.Settings
	aws      awscli.Runner
	out      io.Writer
}

// machineState is an instance as EC2 describes it.
type machineState struct{ ID, Name, State string }

// states returns the instances of the stack that exist, by EC2.
func (p power) states(ctx context.Context) ([]machineState, error) {
	var list []machineState
	err := ask(ctx, p.aws, &list, "ec2", "describe-instances", "--filters", "Name=tag:Cluster,Values="+p.settings.ClusterName(),
		"Name=instance-state-name,Values=pending,running,stopping,stopped",
		"--query", "Reservations[].Instances[].{ID:InstanceId,Name:Tags[?Key=='Name']|[0].Value,State:State.Name}")
	return list, err
}

// stoppedNodes returns the names of the instances that do not run, sorted; all is true if no instance runs.
func (p power) stoppedNodes(ctx context.Context) (names []string, all bool, err error) {
	list, err := p.states(ctx)
	for _, m := range list {
		if m.State == stateStopped || m.State == "stopping" {
			names = append(names, m.Name)
		}
	}
	slices.Sort(names)
	return names, len(names) == len(list) && len(list) > 0, err
}

func (p power) sleep(ctx context.Context) error {
	if err := p.alarms(ctx, "disable-alarm-actions"); err != nil {
		return err
	}
	for _, group := range slices.Backward(p.settings.WakeOrder()) {
		if _, err := p.bring(ctx, group, "stop-instances", stateStopped); err != nil {
			return err
		}
	}
	fmt.Fprintf(p.out, "Stack %s is asleep. Wake it with growbin wake -s %s.\n", p.settings.Stack, p.settings.Stack)
	return nil
}

// wake starts the stack and reports whether it had to.
func (p power) wake(ctx context.Context) (started bool, err error) {
	for _, group := range p.settings.WakeOrder() {
		some, err := p.bring(ctx, group, "start-instances", stateRunning)
		if err != nil {
			return started, err
		}
		started = started || some
	}
	if !started {
		fmt.Fprintf(p.out, "No instance of stack %s is stopped.\n", p.settings.Stack)
	}
	return started, p.alarms(ctx, "enable-alarm-actions")
}

// bring stops or starts the instances of a group that are not in the wanted state, and waits until all are. It reports whether
// there were any.
func (p power) bring(ctx context.Context, group []string, action, want string) (bool, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, wakeLimit, fmt.Errorf("the instances are not %s after %s", want, wakeLimit))
	defer cancel()
	asked := map[string]bool{}
	for {
		list, err := p.states(ctx)
		if err != nil {
			return false, errors.Join(context.Cause(ctx), err)
		}
		var ids, names, waiting []string
		for _, m := range list {
			if !slices.Contains(group, m.Name) || m.State == want {
				continue
			}
			waiting = append(waiting, m.Name)
			// An instance that is stopping can be started only once it is stopped.
			if !asked[m.ID] && (m.State == stateRunning || m.State == stateStopped) {
				asked[m.ID] = true
				ids, names = append(ids, m.ID), append(names, m.Name)
			}
		}
		if len(waiting) == 0 {
			return len(asked) > 0, nil
		}
		if len(ids) > 0 {
			fmt.Fprintf(p.out, "aws ec2 %s: %s\n", action, strings.Join(names, ", "))
			if _, err := p.aws(ctx, append([]string{"ec2", action, "--instance-ids"}, ids...)...); err != nil {
				return false, err
			}
		}
		select {
		case <-ctx.Done():
			return false, fmt.Errorf("%s: %w", strings.Join(waiting, ", "), context.Cause(ctx))
		case <-time.After(pollEvery):
		}
	}
}

// alarms switches the actions of the stack's status alarms.
func (p power) alarms(ctx context.Context, action string) error {
	if len(p.settings.AlarmEmails) == 0 {
		return nil
	}
	var names []string
	if err := ask(ctx, p.aws, &names, "cloudwatch", "describe-alarms", "--alarm-name-prefix", p.settings.AlarmPrefix(), "--query", "MetricAlarms[].AlarmName"); err != nil {
		return err
	}
	if len(names) == 0 {
		return nil
	}
	_, err := p.aws(ctx, append([]string{"cloudwatch", action, "--alarm-names"}, names...)...)
	return err
}

// awaitDesign waits until the API server answers and the cluster is as designed.
func awaitDesign(ctx context.Context, o *stackOptions, settings *stacks.Settings, out io.Writer) error {
	ctx, cancel := context.WithTimeoutCause(ctx, wakeLimit, fmt.Errorf("the stack is not as designed after %s: see growbin verify -s %s", wakeLimit, o.stack))
	defer cancel()
	for {
		err := reach(ctx, settings, func(ctx context.Context) error {
			stack, err := openStack(ctx, o)
			if err != nil {
				return err
			}
			client, err := connect(ctx, stack)
			if err != nil {
				return err
			}
			_, left, err := verify.Wait(ctx, client, settings.Expected(), wakeLimit, func(left []string) {
				fmt.Fprintf(out, "%d differences from the design left, e.g. %s\n", len(left), left[0])
			})
			if err == nil && len(left) > 0 {
				err = context.DeadlineExceeded
			}
			return err
		})
		if err == nil {
			fmt.Fprintf(out, "Stack %s is awake and as designed.\n", o.stack)
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-time.After(pollEvery): // e.g. the agent of Session Manager has not started yet
		}
	}
}
