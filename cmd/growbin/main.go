// Command growbin operates a stack that is deployed: it rolls nodes, opens the tunnel to the API server, restores a database,
// estimates the bill, fetches the Helm charts and records the digests of images.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup ignores it; otherwise a closed terminal must end the tunnel's processes
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	defer stop()
	if err := newRoot().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "growbin:", err)
		os.Exit(1)
	}
}

// stackOptions are the flags of every command.
type stackOptions struct {
	// dir is the folder of Pulumi.yaml.
	dir string
	// stack is the name of the Pulumi stack.
	stack string
}

func (o stackOptions) check() error {
	if o.stack == "" {
		return errors.New("--stack: not set, must be the name of a stack, e.g. --stack dev")
	}
	return nil
}

// newRoot returns the command with all of its subcommands.
func newRoot() *cobra.Command {
	var o stackOptions
	root := &cobra.Command{
		Use:           "growbin",
		Short:         "Operates a stack that is deployed",
		Long:          "growbin operates a stack that is deployed. It needs what pulumi up needs: AWS credentials and the stack's passphrase.",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.PersistentFlags().StringVarP(&o.dir, "cwd", "C", ".", "the `folder` of Pulumi.yaml")
	root.PersistentFlags().StringVarP(&o.stack, "stack", "s", "", "the `name` of the stack, e.g. dev; only cost and charts work without")
	root.AddCommand(newRoll(&o), newUnlock(&o), newTunnel(&o), newCost(&o), newCharts(&o), newImages(&o), newRestoreDatabase(&o), newRelease(&o), newVerify(&o))
	root.AddCommand(newKubeconfig(&o), newRevoke(&o), newAudit(&o), newManifests(&o), newRotateKey(&o), newRotateCA(&o), newSleep(&o), newWake(&o))
	return root
}
