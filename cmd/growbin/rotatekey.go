package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/growbin/cluster/internal/nodecommand"
	"github.com/growbin/cluster/internal/tunnel"
	"github.com/growbin/cluster/stacks"
)

func newRotateKey(o *stackOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "rotate-key",
		Short: "Replaces the key that encrypts Secrets in etcd",
		Long: "rotate-key gives the API server a new key, has it write every Secret once more, removes the old key, and saves etcd.\n" +
			"Nothing restarts. It can be interrupted, and continues when it is run again. Backups from before need the old key, which\n" +
			"the history of the parameter keeps.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			settings, run, err := o.live()
			if err != nil {
				return err
			}
			ctx := command.Context()
			text, err := runOnControlPlane(ctx, run, settings, "rotate the key of Secrets", nodecommand.RotateKey())
			if err != nil {
				return err
			}
			if _, err := io.WriteString(command.OutOrStdout(), text); err != nil {
				return err
			}
			instance, err := tunnel.Instance(ctx, run, settings.ClusterName(), stacks.ControlPlane(settings.Nodes).Name)
			if err != nil {
				return err
			}
			return backup(ctx, run, instance)
		},
	}
}
