package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/growbin/cluster/internal/roll"
)

// options are what a person asks for.
type options struct {
	dir, stack string
	// nodes limits the roll; empty for all.
	nodes        []string
	yes          bool
	noSurge      bool
	noBackup     bool
	drainTimeout time.Duration
}

func parse(args []string) (options, error) {
	var o options
	var nodes string
	flags := flag.NewFlagSet("roll", flag.ContinueOnError)
	flags.StringVar(&o.dir, "C", "..", "the folder of Pulumi.yaml")
	flags.StringVar(&o.stack, "stack", "", "the stack to roll; required")
	flags.StringVar(&nodes, "nodes", "", "only these nodes, separated by commas")
	flags.BoolVar(&o.yes, "yes", false, "do not ask before the first node")
	flags.BoolVar(&o.noSurge, "no-surge", false, "bring up no temporary machines: what runs on a node is down while it is replaced")
	flags.BoolVar(&o.noBackup, "no-backup", false, "do not save etcd before an upgrade of the control plane")
	flags.DurationVar(&o.drainTimeout, "drain-timeout", 15*time.Minute, "how long the pods of one node may take to leave it")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	var problems []error
	if flags.NArg() > 0 {
		problems = append(problems, fmt.Errorf("unknown argument %q", flags.Arg(0)))
	}
	if o.stack == "" {
		problems = append(problems, errors.New("-stack is missing; give the stack to roll, such as -stack dev"))
	}
	if o.drainTimeout < time.Minute {
		problems = append(problems, fmt.Errorf("-drain-timeout is %s; give at least 1m, pods may need it to end", o.drainTimeout))
	}
	for _, name := range strings.Split(nodes, ",") {
		if name = strings.TrimSpace(name); name != "" {
			o.nodes = append(o.nodes, name)
		}
	}
	return o, errors.Join(problems...)
}

// confirm shows the plan and asks. Where nobody can answer, the answer is no.
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
