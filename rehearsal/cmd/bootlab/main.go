// Command bootlab boots the control plane and one worker of the program from their real user data, and injects failures.
// It needs root on Debian 12, and leaves only logs behind.
package main

import (
	"context"
	"flag"
	"fmt"
	"regexp"

	"github.com/growbin/cluster/rehearsal/lab"
)

func main() { lab.Main("bootlab", run) }

func run(ctx context.Context) (passed bool, err error) {
	worker := flag.String("worker", "k8s-redis", "name of the node that joins the control plane")
	only := flag.String("only", "", "run only checks whose name matches this regular expression, after those that make the cluster")
	keep := flag.Bool("keep", false, "keep everything running at the end, until Ctrl-C")
	flag.Parse()
	var selected *regexp.Regexp
	if *only != "" {
		if selected, err = regexp.Compile(*only); err != nil {
			return false, fmt.Errorf("-only: %q must be a regular expression: %w", *only, err)
		}
	}
	return lab.Start(ctx, "boot-lab", lab.Options{Worker: *worker, Only: selected}, *keep, (*lab.Lab).Run)
}
