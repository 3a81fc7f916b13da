package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/growbin/cluster/internal/authorities"
	"github.com/growbin/cluster/internal/awscli"
	"github.com/growbin/cluster/internal/rolllock"
	"github.com/growbin/cluster/stacks"
)

func newRotateCA(o *stackOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "rotate-ca",
		Short: "Replaces the certificate authorities, and the key of service account tokens",
		Long: "rotate-ca replaces the authorities of the cluster, of etcd and of the front proxy, and the key that signs tokens of service\n" +
			"accounts. Every kubelet restarts twice, pods that talk to the API server are replaced twice, and the API server is away three\n" +
			"times for up to a minute; applications go on. It can be interrupted, and continues when it is run again. Afterwards run\n" +
			"pulumi up, then pulumi up --refresh, and fetch kubeconfigs anew.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			settings, run, err := o.live()
			if err != nil {
				return err
			}
			return rotateCA(command.Context(), run, settings, command.OutOrStdout())
		},
	}
}

func rotateCA(ctx context.Context, run awscli.Runner, settings *stacks.Settings, out io.Writer) (err error) {
	parameter := stacks.LockParameter(settings.Stack)
	if _, err := rolllock.Take(ctx, run, parameter, holder()); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rolllock.Release(context.WithoutCancel(ctx), run, parameter)) }()
	controlPlane := stacks.ControlPlane(settings.Nodes).Name
	return authorities.Rotate(ctx, authorities.Options{
		ControlPlane: controlPlane,
		Run: func(ctx context.Context, node, command string) (string, error) {
			instance, err := runningInstance(ctx, run, settings, node)
			if err != nil {
				return "", err
			}
			return runOn(ctx, run, instance, "rotate the authorities", command)
		},
		Backup: func(ctx context.Context) error {
			instance, err := runningInstance(ctx, run, settings, controlPlane)
			if err != nil {
				return err
			}
			return backup(ctx, run, instance)
		},
		Logf: func(format string, args ...any) { fmt.Fprintf(out, "── "+format+"\n", args...) },
	})
}
