package lab

import (
	"context"
	"fmt"
	"strings"
	"time"

	"k8s.io/client-go/kubernetes"
)

// check is a property to verify or a failure to recover from.
type check struct {
	name string
	run  func(context.Context) error
}

// run is the state that checks pass to each other.
type run struct {
	*Lab
	controlPlane, worker *instance
	client               kubernetes.Interface
	// registered are the IDs of the first instances by node.
	registered map[string]string
	// controlPlaneFiles and workerFiles are the fingerprints after a first boot without failures.
	controlPlaneFiles, workerFiles fingerprint
}

// Run runs the checks in order until one fails, and reports whether all passed.
func (l *Lab) Run(ctx context.Context) bool {
	r := &run{Lab: l, registered: map[string]string{}}
	begin := time.Now()
	checks := r.setup()
	for _, c := range r.checks() {
		if l.options.Only == nil || l.options.Only.MatchString(c.name) {
			checks = append(checks, c)
		}
	}
	if !l.runChecks(ctx, checks, false, r.explain) {
		return false
	}
	l.printOverrides(hardware{})
	fmt.Fprintf(l.options.Out, "\nAll %d checks passed in %.0f s.\n", len(checks), time.Since(begin).Seconds())
	return true
}

// runChecks runs the checks in order until one fails, and reports whether all passed. With announce it names each check before.
func (l *Lab) runChecks(ctx context.Context, checks []check, announce bool, explain func(error)) bool {
	for n, c := range checks {
		if announce {
			fmt.Fprintf(l.options.Out, "  … %d of %d: %s\n", n+1, len(checks), c.name)
		}
		start := time.Now()
		err := c.run(ctx)
		mark := "✔"
		if err != nil {
			mark = "✘"
		}
		fmt.Fprintf(l.options.Out, "  %s %s  %.1f s\n", mark, c.name, time.Since(start).Seconds())
		if err != nil {
			explain(err)
			return false
		}
	}
	return true
}

// printOverrides prints the differences from EC2.
func (l *Lab) printOverrides(h hardware) {
	fmt.Fprintln(l.options.Out, "\nThe user data is the program's own. The lab's hosts differ from EC2 instances as follows:")
	for _, o := range append(overrides(h), globalOverrides...) {
		fmt.Fprintf(l.options.Out, "  · %s: %s\n", o.Difference, o.Reason)
	}
}

// explain prints the error, the paths of the logs and the last errors in each journal.
func (r *run) explain(err error) {
	for line := range strings.Lines(err.Error()) {
		r.printf("%s", strings.TrimRight(line, "\n"))
	}
	for _, i := range []*instance{r.controlPlane, r.worker} {
		if i == nil {
			continue
		}
		r.printf("console of %s: %s", i.ec2.Name, i.Console)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if tail, err := i.Run(ctx, "journalctl", "--no-pager", "--boot", "-n", "15", "-p", "err"); err == nil {
			r.printf("%s", strings.ReplaceAll(strings.TrimSpace(tail), "\n", "\n    "))
		}
	}
	r.printf("the lab's log: %s", r.log.Name())
}
