package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/growbin/cluster/components/capacity"
	"github.com/growbin/cluster/internal/awscli"
	"github.com/growbin/cluster/internal/pulumistack"
	"github.com/growbin/cluster/internal/roll"
	"github.com/growbin/cluster/internal/rolllock"
	"github.com/growbin/cluster/stacks"
)

// minDrainTimeout leaves pods the time to end.
const minDrainTimeout = time.Minute

// rollOptions are the flags of growbin roll.
type rollOptions struct {
	*stackOptions
	// nodes limits the roll; empty for all.
	nodes []string
	// force are nodes that are rolled although nothing changed about them.
	force []string
	// types are asked for where AWS has no capacity for that of a node.
	types []string
	// yes skips the confirmation.
	yes      bool
	noSurge  bool
	noBackup bool
	// taken limits the roll to spot nodes without an instance.
	taken bool
	// drainTimeout limits the eviction of one node's pods.
	drainTimeout time.Duration
}

func newRoll(s *stackOptions) *cobra.Command {
	o := rollOptions{stackOptions: s}
	command := &cobra.Command{
		Use:   "roll",
		Short: "Replaces the nodes whose version, image, type or bootstrap changed, one at a time",
		Long: "roll brings a changed Kubernetes version, machine image, instance type or bootstrap to the nodes of a stack, one node\n" +
			"at a time. It shows its plan and waits for a confirmation. It can be interrupted and run again.",
		Example: "  growbin roll -s prod\n  growbin roll -s prod --nodes k8s-redis,k8s-rabbitmq --yes\n  growbin roll -s prod --force k8s-worker-ai --types c6i.large,m6i.large",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return runRoll(command.Context(), o, command.InOrStdin(), command.OutOrStdout())
		},
	}
	flags := command.Flags()
	flags.StringSliceVar(&o.nodes, "nodes", nil, "roll these `nodes` only, separated by commas")
	flags.StringSliceVar(&o.force, "force", nil, "roll these `nodes`, and no others, although nothing changed about them")
	flags.StringSliceVar(&o.types, "types", nil, "where AWS has no capacity for an instance, ask for these instance `types` in turn")
	flags.BoolVar(&o.taken, "taken", false, "replace the spot instances that EC2 has taken, with others of their type or a larger one, without a question; nothing if none is")
	flags.BoolVarP(&o.yes, "yes", "y", false, "skip the confirmation")
	flags.BoolVar(&o.noSurge, "no-surge", false, "start no surge instances: the pods of a node are down while it is replaced")
	flags.BoolVar(&o.noBackup, "no-backup", false, "skip the backup of etcd before an upgrade of the control plane")
	flags.DurationVar(&o.drainTimeout, "drain-timeout", 15*time.Minute, "`time` in which the pods of one node must be evicted, at least 1m")
	return command
}

func (o *rollOptions) check() error {
	var problems []error
	if err := o.stackOptions.check(); err != nil {
		problems = append(problems, err)
	}
	if o.taken && len(o.nodes)+len(o.force) > 0 {
		problems = append(problems, errors.New("--taken: must not be set with --nodes or --force, since it finds the nodes itself"))
	}
	if o.drainTimeout < minDrainTimeout {
		problems = append(problems, fmt.Errorf("--drain-timeout: %s must be at least %s, since pods may need it to end", o.drainTimeout, minDrainTimeout))
	}
	o.nodes, o.force, o.types = names(o.nodes), names(o.force), names(o.types)
	for _, kind := range o.types {
		if _, err := capacity.LookupInstanceType(kind); err != nil {
			problems = append(problems, fmt.Errorf("--types: %w", err))
		}
	}
	return errors.Join(problems...)
}

// names returns the names of a list without spaces and empty entries.
func names(list []string) (names []string) {
	for _, name := range list {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}

func runRoll(ctx context.Context, o rollOptions, in io.Reader, out io.Writer) error {
	settings, err := stacks.ReadSettings(o.dir, o.stack, nil)
	if err != nil {
		return err
	}
	aws := awscli.InRegion(settings.Region)
	if o.taken {
		if o.nodes, err = takenNodes(ctx, settings, aws); err != nil || len(o.nodes) == 0 {
			fmt.Fprintln(out, "Every spot node has its instance.")
			return err
		}
		o.yes, o.noSurge = true, true
		if len(o.types) == 0 {
			o.types = substitutes(settings, o.nodes)
		}
	}
	stack, err := pulumistack.Open(ctx, pulumistack.Options{
		Dir: o.dir, Stack: o.stack, Progress: out,
		Settings:    rollSettings(),
		NodesOutput: stacks.OutputNodeRoles, KubeconfigOutput: stacks.OutputKubeconfig,
	})
	if err != nil {
		return err
	}
	options := roll.Options{
		Stack:     stack,
		Connect:   func(ctx context.Context) (kubernetes.Interface, error) { return connect(ctx, stack) },
		SurgeName: stacks.SurgeName, Only: o.nodes, Force: o.force, Types: o.types, NoSurge: o.noSurge, DrainTimeout: o.drainTimeout,
		Confirm: func(plan *roll.Plan) (bool, error) { return confirm(plan, o.yes, in, out) },
		Logf:    func(format string, args ...any) { fmt.Fprintf(out, "── "+format+"\n", args...) },
	}
	if o.taken {
		if err := stack.Refresh(ctx); err != nil {
			return err
		}
	}
	options.Lock = func(ctx context.Context) (string, func(context.Context) error, error) {
		lock, err := rolllock.Take(ctx, aws, stacks.LockParameter(o.stack), holder())
		return lock.ID, func(ctx context.Context) error { return rolllock.Release(ctx, aws, stacks.LockParameter(o.stack)) }, err
	}
	if !o.noBackup {
		options.Backup = func(ctx context.Context, m roll.Machine) error {
			if err := backup(ctx, aws, m.InstanceID); err != nil {
				return fmt.Errorf("%w (--no-backup continues without one)", err)
			}
			return nil
		}
	}
	err = roll.Run(ctx, options)
	if errors.Is(err, roll.ErrDeclined) {
		fmt.Fprintln(out, "No node was rolled.")
		return nil
	}
	return err
}

// rollSettings are the settings of one update.
func rollSettings() pulumistack.Settings {
	return pulumistack.Settings{
		Roll: stacks.SettingRollNodes, Surge: stacks.SettingSurgeNodes, Unprotected: stacks.SettingUnprotectedNodes, Locks: stacks.SettingRollLocks,
		Image: stacks.SettingRollImage, Types: stacks.SettingInstanceTypes,
	}
}

// connect uses the kubeconfig that the stack exports, so the tunnel must be open with apiAccess sessionManager.
func connect(ctx context.Context, stack *pulumistack.Stack) (kubernetes.Interface, error) {
	kubeconfig, err := stack.Kubeconfig(ctx)
	if err != nil {
		return nil, err
	}
	return newClient(kubeconfig)
}

// newClient returns a client with the identity of a kubeconfig.
func newClient(kubeconfig []byte) (kubernetes.Interface, error) {
	config, err := clientcmd.RESTConfigFromKubeConfig(kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("use the kubeconfig: %w", err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("client for the API server: %w", err)
	}
	return client, nil
}

// confirm prints the plan and reads the answer. The end of the input is a no.
func confirm(plan *roll.Plan, yes bool, in io.Reader, out io.Writer) (bool, error) {
	if err := plan.Print(out); err != nil {
		return false, err
	}
	if yes || len(plan.Steps) == 0 {
		return true, nil
	}
	fmt.Fprintf(out, "\nRoll these %d nodes, one after the other? Type yes: ", len(plan.Steps))
	answer, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("read the answer: %w", err)
	}
	return strings.TrimSpace(answer) == "yes", nil
}
