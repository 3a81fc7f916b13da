// Command lab boots all nodes of stack prod from their real user data, deploys the program to them and uses the applications.
// It needs root on Debian 12, and leaves only logs behind.
package main

import (
	"context"
	"flag"

	"github.com/growbin/cluster/rehearsal/lab"
)

func main() { lab.Main("lab", run) }

func run(ctx context.Context) (passed bool, err error) {
	keep := flag.Bool("keep", false, "keep everything running at the end, until Ctrl-C")
	flag.Parse()
	return lab.Start(ctx, "lab", lab.Options{Whole: true}, *keep, (*lab.Lab).RunWhole)
}
