// Command rehearse deploys a stack on this machine: the real Pulumi engine, a simulated AWS, and a real Kubernetes
// control plane. It verifies the result, deploys it again, and destroys it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"github.com/growbin/cluster/rehearsal"
)

func main() {
	options, err := parse(os.Args[1:], os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	options.Out = os.Stdout
	options.Colors = term.IsTerminal(int(os.Stdout.Fd())) && os.Getenv("NO_COLOR") == ""
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first signal ends the rehearsal in good order; a second one ends it at once.
	context.AfterFunc(ctx, stop)
	if err := rehearsal.Run(ctx, options); err != nil {
		fmt.Fprintln(os.Stderr, "\n  "+err.Error())
		os.Exit(1)
	}
}
