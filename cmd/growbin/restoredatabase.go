package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/growbin/cluster/internal/pulumistack"
	"github.com/growbin/cluster/stacks"
)

func newRestoreDatabase(o *stackOptions) *cobra.Command {
	var at string
	command := &cobra.Command{
		Use:   "restore-database NAME",
		Short: "Restores one database to a time, beside the present one",
		Long: "restore-database makes a database of its own of the latest dump that is not younger than a time. The present database and\n" +
			"its clients are not touched. It prints the name of the restored one. It needs kubectl, and the tunnel as roll does.",
		Example: "  growbin restore-database auth --at 2026-11-25T03:30:00+09:00 -s prod",
		Args:    cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			moment := time.Now()
			if at != "" {
				var err error
				if moment, err = time.Parse(time.RFC3339, at); err != nil {
					return fmt.Errorf("--at: %q must be a time as in 2026-11-25T03:30:00+09:00", at)
				}
			}
			stack, err := pulumistack.Open(command.Context(), pulumistack.Options{
				Dir: o.dir, Stack: o.stack, Progress: io.Discard, KubeconfigOutput: stacks.OutputKubeconfig,
			})
			if err != nil {
				return err
			}
			kubeconfig, err := stack.Kubeconfig(command.Context())
			if err != nil {
				return err
			}
			return restoreBeside(command.Context(), kubeconfig, args[0], moment, command.OutOrStdout())
		},
	}
	command.Flags().StringVar(&at, "at", "", "the `time` whose data is wanted, e.g. 2026-11-25T03:30:00+09:00; now if not set")
	return command
}

// restoreBeside runs the script in the container of the database server.
func restoreBeside(ctx context.Context, kubeconfig []byte, database string, at time.Time, out io.Writer) error {
	folder, err := os.MkdirTemp("", "growbin")
	if err != nil {
		return fmt.Errorf("make a folder for the kubeconfig: %w", err)
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "kubeconfig")
	if err := os.WriteFile(file, kubeconfig, 0o600); err != nil {
		return fmt.Errorf("write the kubeconfig: %w", err)
	}
	args := append([]string{"--kubeconfig", file}, stacks.RestoreBeside(database, at)...)
	command := exec.CommandContext(ctx, "kubectl", args...)
	command.Stdout, command.Stderr = out, os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("restore %s: %w", database, err)
	}
	return nil
}
