package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/growbin/cluster/components/cost"
	"github.com/growbin/cluster/stacks"
)

// costOptions are the flags of growbin cost.
type costOptions struct {
	*stackOptions
	// deployed is a file with the output monthlyCost of the stack as JSON; empty for none.
	deployed string
}

func newCost(s *stackOptions) *cobra.Command {
	o := costOptions{stackOptions: s}
	command := &cobra.Command{
		Use:   "cost",
		Short: "Prints the estimated monthly bill of one stack, or of all stacks and their sum",
		Long: "cost prints the estimated monthly bill: each machine, disk, address and bucket, CPU credits and data transfer, on demand\n" +
			"and as bought. It runs the program without AWS, Pulumi or any credentials. pulumi preview prints the same table with the\n" +
			"change against the deployed stack.",
		Example: "  growbin cost -s prod    one stack\n  growbin cost            all stacks of the folder, and their sum\n" +
			"  pulumi stack output monthlyCost --json -s prod >cost.json && growbin cost -s prod --deployed cost.json",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return runCost(command.Context(), o, command.OutOrStdout())
		},
	}
	command.Flags().StringVar(&o.deployed, "deployed", "", "print one line with the change against the output monthlyCost in this `file`, as JSON")
	return command
}

func runCost(ctx context.Context, o costOptions, out io.Writer) error {
	if o.deployed != "" {
		return costChange(ctx, o, out)
	}
	names := []string{o.stack}
	if o.stack == "" {
		var err error
		if names, err = stackNames(o.dir); err != nil {
			return err
		}
	}
	var onDemand, bought cost.Cents
	for _, name := range names {
		settings, err := stacks.ReadSettings(o.dir, name, nil)
		if err != nil {
			return err
		}
		table, err := stacks.EstimateCost(ctx, settings)
		if err != nil {
			return err
		}
		if err := table.Print(out); err != nil {
			return fmt.Errorf("print the cost: %w", err)
		}
		fmt.Fprintln(out)
		onDemand, bought = onDemand+table.OnDemand(), bought+table.Bought()
	}
	if len(names) > 1 {
		fmt.Fprintf(out, "%s together: %s USD a month as bought, %s on demand\n", strings.Join(names, " and "), bought, onDemand)
	}
	return nil
}

// costChange prints the line of a pull request's comment.
func costChange(ctx context.Context, o costOptions, out io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	text, err := os.ReadFile(o.deployed)
	if err != nil {
		return fmt.Errorf("--deployed: %w", err)
	}
	deployed, err := stacks.ReadCost(text)
	if err != nil {
		return fmt.Errorf("--deployed: %s: %w", o.deployed, err)
	}
	settings, err := stacks.ReadSettings(o.dir, o.stack, nil)
	if err != nil {
		return err
	}
	table, err := stacks.EstimateCost(ctx, settings)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, stacks.CostSummary(table, deployed))
	return nil
}

// stackNames returns the stacks that have a file in the project's folder, in alphabetical order.
func stackNames(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "Pulumi.*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("find the stacks: %w", err)
	}
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml"))
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("--cwd: %q must be the folder of Pulumi.yaml and its stacks", dir)
	}
	slices.Sort(names)
	return names, nil
}
