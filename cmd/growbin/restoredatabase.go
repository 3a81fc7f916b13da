package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/growbin/cluster/internal/awscli"
	"github.com/growbin/cluster/internal/dumps"
	"github.com/growbin/cluster/internal/pulumistack"
	"github.com/growbin/cluster/stacks"
)

func newRestoreDatabase(o *stackOptions) *cobra.Command {
	var at string
	var replace bool
	command := &cobra.Command{
		Use:   "restore-database NAME",
		Short: "Restores one database to a time, beside the present one or in its place",
		Long: "restore-database makes a database of its own of the latest dump that is not younger than a time. The present database and\n" +
			"its clients are not touched, unless --replace is given: then the two are exchanged at the end. A dump that is no longer on the\n" +
			"server comes from the bucket. It needs kubectl, the right to read the bucket, and the tunnel as roll does.",
		Example: "  growbin restore-database auth --at 2026-11-25T03:30:00+09:00 -s prod\n  growbin restore-database auth --replace -s prod",
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
			return o.restoreDatabase(command.Context(), dumps.Options{Database: args[0], At: moment, Replace: replace, Out: command.OutOrStdout()})
		},
	}
	command.Flags().StringVar(&at, "at", "", "the `time` whose data is wanted, e.g. 2026-11-25T03:30:00+09:00; now if not set")
	command.Flags().BoolVar(&replace, "replace", false, "put the dump in the place of the database, which stays under another name, closed")
	return command
}

func (o stackOptions) restoreDatabase(ctx context.Context, restore dumps.Options) error {
	settings, err := stacks.ReadSettings(o.dir, o.stack, nil)
	if err != nil {
		return err
	}
	stack, err := pulumistack.Open(ctx, pulumistack.Options{
		Dir: o.dir, Stack: o.stack, Progress: io.Discard, KubeconfigOutput: stacks.OutputKubeconfig,
	})
	if err != nil {
		return err
	}
	if restore.Bucket, err = stack.Field(ctx, stacks.OutputClusterInfo, stacks.InfoDumpsBucket); err != nil {
		return err
	}
	restore.AWS = awscli.InRegion(settings.Region)
	return reach(ctx, settings, func(ctx context.Context) error {
		kubeconfig, err := stack.Kubeconfig(ctx)
		if err != nil {
			return err
		}
		return restoreBy(ctx, kubeconfig, restore)
	})
}

// restoreBy restores with kubectl and a kubeconfig in a file of its own.
func restoreBy(ctx context.Context, kubeconfig []byte, restore dumps.Options) error {
	folder, err := os.MkdirTemp("", "growbin")
	if err != nil {
		return fmt.Errorf("make a folder for the kubeconfig: %w", err)
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "kubeconfig")
	if err := os.WriteFile(file, kubeconfig, 0o600); err != nil {
		return fmt.Errorf("write the kubeconfig: %w", err)
	}
	restore.Server = dumps.Server{
		Scripts: stacks.DatabaseScripts, Folder: stacks.DatabaseDumps,
		Exec: func(ctx context.Context, stdin io.Reader, command ...string) (string, error) {
			kubectl := exec.CommandContext(ctx, "kubectl", append([]string{"--kubeconfig", file}, stacks.InDatabaseServer(command...)...)...)
			var out, failure bytes.Buffer
			kubectl.Stdin, kubectl.Stdout, kubectl.Stderr = stdin, &out, &failure
			if err := kubectl.Run(); err != nil {
				return out.String(), fmt.Errorf("%w: %s", err, awscli.Printable(strings.TrimSpace(failure.String())))
			}
			return out.String(), nil
		},
	}
	return dumps.Restore(ctx, restore)
}
