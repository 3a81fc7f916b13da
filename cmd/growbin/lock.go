package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/growbin/cluster/internal/awscli"
	"github.com/growbin/cluster/internal/rolllock"
	"github.com/growbin/cluster/stacks"
)

func newUnlock(o *stackOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "unlock",
		Short: "Breaks the lock of a roll, so that deployments run again",
		Long:  "unlock breaks the lock of a roll that will not be continued. A roll that still runs stops at its next update.",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			settings, err := stacks.ReadSettings(o.dir, o.stack, nil)
			if err != nil {
				return err
			}
			return unlock(command.Context(), awscli.InRegion(settings.Region), o.stack, command.InOrStdin(), command.OutOrStdout())
		},
	}
}

func unlock(ctx context.Context, run awscli.Runner, stack string, in io.Reader, out io.Writer) error {
	fmt.Fprintf(out, "Break the lock of the roll of stack %s? Type yes: ", stack)
	answer, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the answer: %w", err)
	}
	if strings.TrimSpace(answer) != "yes" {
		fmt.Fprintln(out, "The lock stays.")
		return nil
	}
	return rolllock.Release(ctx, run, stacks.LockParameter(stack))
}

// holder names the person and the host of a roll.
func holder() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return cmp.Or(os.Getenv("USER"), "unknown") + "@" + host
}
