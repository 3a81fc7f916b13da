// Command tools builds, once per machine, every program that rehearsals and tests run, and prints where each one is as
// NAME=path. Progress goes to standard error. Another minor version of Kubernetes than the tests' can be named: tools 1.35.
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"

	"github.com/growbin/cluster/rehearsal/tools"
)

// testsVersion is the Kubernetes minor whose tools the tests use.
const testsVersion = "1.36"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	version := testsVersion
	if len(os.Args) > 1 {
		version = os.Args[1]
	}
	if err := run(ctx, version); err != nil {
		fmt.Fprintln(os.Stderr, "tools:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, version string) error {
	// go run -C rehearsal makes the module's folder the working directory.
	builder, err := tools.New("tools", os.Stderr)
	if err != nil {
		return err
	}
	list, err := builder.ControlPlane(version)
	if err != nil {
		return err
	}
	paths, err := builder.Build(ctx, append(list, tools.Pulumi(), tools.PulumiKubernetes(), tools.Containerd())...)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(paths)) {
		fmt.Printf("%s=%s\n", strings.ToUpper(strings.ReplaceAll(name, "-", "_")), paths[name])
	}
	return nil
}
