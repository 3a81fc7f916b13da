package main

import (
	_ "embed"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/growbin/cluster/components/kubeadm/userdata"
	"github.com/growbin/cluster/internal/tunnel"
	"github.com/growbin/cluster/stacks"
)

// rotateKeyScript runs on the control plane, so that no key leaves it but to the parameter.
//
//go:embed rotate-key.sh
var rotateKeyScript string

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
			text, err := runOnControlPlane(ctx, run, settings, "rotate the key of Secrets", rotateKeyCommand())
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

// rotateKeyCommand is the shell command for the control plane.
func rotateKeyCommand() string {
	return fmt.Sprintf("LIB=%s/lib.sh bash -s <<'SCRIPT'\n%sSCRIPT\n", userdata.ScriptsDir, rotateKeyScript)
}
