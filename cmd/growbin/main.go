// Command roll brings a changed Kubernetes version, machine image, instance type or bootstrap to the machines of a stack, one
// node at a time: docs/roll.md. It can be interrupted and run again.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/growbin/cluster/internal/pulumistack"
	"github.com/growbin/cluster/internal/roll"
	"github.com/growbin/cluster/stacks"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := parse(os.Args[1:])
	if err == nil {
		err = run(ctx, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "roll:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	stack, err := pulumistack.Open(ctx, pulumistack.Options{
		Dir: o.dir, Stack: o.stack, Progress: os.Stdout,
		Settings: pulumistack.Settings{
			Roll: stacks.SettingRollNodes, Surge: stacks.SettingSurgeNodes, Unprotected: stacks.SettingUnprotectedNodes,
		},
		NodesOutput: stacks.OutputNodeRoles, KubeconfigOutput: stacks.OutputKubeconfig,
	})
	if err != nil {
		return err
	}
	options := roll.Options{
		Stack:     stack,
		Connect:   func(ctx context.Context) (kubernetes.Interface, error) { return connect(ctx, stack) },
		SurgeName: stacks.SurgeName, Only: o.nodes, NoSurge: o.noSurge, DrainTimeout: o.drainTimeout,
		Confirm: func(plan *roll.Plan) (bool, error) { return confirm(plan, o.yes, os.Stdin, os.Stdout) },
		Say:     func(format string, args ...any) { fmt.Printf("── "+format+"\n", args...) },
	}
	if !o.noBackup {
		options.Backup = func(ctx context.Context, m roll.Machine) error { return backup(ctx, awsCLI, m.InstanceID) }
	}
	err = roll.Run(ctx, options)
	if errors.Is(err, roll.ErrDeclined) {
		fmt.Println("Nothing was rolled.")
		return nil
	}
	return err
}

// connect uses the kubeconfig that the stack exports, so the tunnel of the stack must be open where one is needed.
func connect(ctx context.Context, stack *pulumistack.Stack) (kubernetes.Interface, error) {
	kubeconfig, err := stack.Kubeconfig(ctx)
	if err != nil {
		return nil, err
	}
	config, err := clientcmd.RESTConfigFromKubeConfig(kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("use the kubeconfig of the stack: %w", err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("client for the API server: %w", err)
	}
	return client, nil
}
